import { meshSwarmError } from '../../core/index.ts'
import type { Cedar } from './cedar.ts'
import type { PolicyFile } from './policy-files.ts'

/** One policy of a file. Frozen. */
export interface Policy {
  /** Its annotation `@id`, or else its place. */
  readonly id: string
  readonly file: string
  /** Counted from 1. */
  readonly line: number
  readonly effect: 'permit' | 'forbid'
  readonly annotations: Readonly<Record<string, string>>
  readonly text: string
}

/** What is wrong with a file, and where, counted from 1. */
export interface PolicyProblem {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
}

export interface CheckedPolicies {
  readonly policies: readonly Policy[]
  /** Warnings of the validator too: a policy that can never apply is one that somebody relies on. */
  readonly problems: readonly PolicyProblem[]
}

type DetailedError = Extract<ReturnType<Cedar['checkParsePolicySet']>, { type: 'failure' }>['errors'][number]

/** Reads the policies of all files and holds them against the schema. */
export function checkPolicies(cedar: Cedar, schema: string, files: readonly PolicyFile[]): CheckedPolicies {
  const problems: PolicyProblem[] = []
  const policies = new Map<string, Policy>()
  for (const file of files) {
    const found = problemsIn(cedar, schema, file)
    problems.push(...found)
    if (found.length > 0) continue
    for (const policy of policiesIn(cedar, file)) {
      const other = policies.get(policy.id)
      if (other) {
        const message = `the id ${policy.id} is taken, at ${other.file}:${other.line}`
        problems.push({ file: file.name, line: policy.line, column: 1, message })
      }
      policies.set(policy.id, policy)
    }
  }
  return { policies: [...policies.values()], problems }
}

function problemsIn(cedar: Cedar, schema: string, file: PolicyFile): readonly PolicyProblem[] {
  const unique = new Map<string, PolicyProblem>()
  for (const error of errorsIn(cedar, schema, file)) {
    const problem = problemOf(file, error)
    // The same is said for each action.
    unique.set(`${problem.line}:${problem.column}`, problem)
  }
  return [...unique.values()].sort((a, b) => a.line - b.line || a.column - b.column)
}

function errorsIn(cedar: Cedar, schema: string, { text }: PolicyFile): readonly DetailedError[] {
  const answer = cedar.validate({ schema, policies: { staticPolicies: text } })
  if (answer.type === 'failure') return answer.errors
  const { validationErrors, validationWarnings } = answer
  // Where there are errors the warnings only follow from them.
  return (validationErrors.length > 0 ? validationErrors : validationWarnings).map(({ error }) => error)
}

function problemOf(file: PolicyFile, { message, help, sourceLocations = [] }: DetailedError): PolicyProblem {
  const [first] = sourceLocations
  const plain = message
    .replace(/^failed to parse policies from string: /, '')
    .replace(/^for policy `[^`]*`, /, '')
    .replace(/ in context for Action::"[^"]*"/, '')
  const words = [plain, first?.label, help].filter((part) => part !== null && part !== undefined)
  return { file: file.name, ...placeOf(file.text, first?.start ?? 0), message: words.join('; ') }
}

function policiesIn(cedar: Cedar, { name, text }: PolicyFile): readonly Policy[] {
  const parts = succeeded(cedar.policySetTextToParts(text))
  const starts = new Set<number>()
  const policies = parts.policies.map((part) => {
    let start = text.indexOf(part)
    // The same policy twice: each is at its own place.
    while (starts.has(start)) start = text.indexOf(part, start + 1)
    starts.add(start)
    const { json } = succeeded(cedar.policyToJson(part))
    const { line } = placeOf(text, Buffer.byteLength(text.slice(0, start)))
    const { effect, annotations = {} } = json
    const id = annotations.id ?? `${name}:${line}`
    return Object.freeze({ id, file: name, line, effect, annotations, text: part })
  })
  return policies.sort((a, b) => a.line - b.line)
}

/** Of a text that was validated before. */
function succeeded<A extends { readonly type: string }>(answer: A): Extract<A, { type: 'success' }> {
  if (answer.type !== 'success') throw meshSwarmError('INVARIANT', 'Cedar refuses what it has validated.')
  return answer as Extract<A, { type: 'success' }>
}

/** Cedar counts bytes. */
function placeOf(text: string, byte: number): { readonly line: number; readonly column: number } {
  const before = Buffer.from(text).subarray(0, byte).toString().split('\n')
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}
