import { watch } from 'node:fs'
import { type Cancel, type IdSource, meshSwarmError } from '../../core/index.ts'
import { type Cedar, loadCedar } from './cedar.ts'
import { checkPolicies, type Policy, type PolicyProblem } from './check.ts'
import { directoriesOf, type PolicyFile, readPolicyFiles, readSchema } from './policy-files.ts'
import { type PolicyRequest, toCedar } from './request.ts'

export interface PolicyManagerOptions {
  /** Files, and directories with `*.cedar` files. All together are the policy. */
  readonly paths: readonly string[]
}

export interface PolicyDecision {
  readonly allowed: boolean
  /** Those that decided: what permits it, or what forbids it. None where nothing permits it. */
  readonly policies: readonly Policy[]
  /** The same in words. */
  readonly why: string
}

/** What one policy says of a request. */
export interface PolicyVerdict {
  readonly policy: Policy
  /** Whether it applies: a permit permits it, a forbid forbids it. */
  readonly applies: boolean
  /** Why it could not be evaluated. */
  readonly error: string | undefined
}

/** What came of a look at the files. With problems the policy is the one before. */
export interface PolicyReload {
  readonly changed: boolean
  readonly problems: readonly PolicyProblem[]
}

/**
 * What the organisation allows at all, in Cedar: whatever no policy permits is denied, and a forbid wins over every
 * permit. A policy that cannot be evaluated denies.
 */
export class PolicyManager {
  readonly #cedar: Cedar
  readonly #paths: readonly string[]
  readonly #schema = readSchema()
  /** Cedar keeps what is parsed under a name, for the whole thread. */
  readonly #name: string
  #files: readonly PolicyFile[] = []
  #policies: ReadonlyMap<string, Policy> = new Map()

  private constructor(cedar: Cedar, name: string, { paths }: PolicyManagerOptions) {
    this.#cedar = cedar
    this.#name = name
    this.#paths = paths
  }

  /** Rejects INVALID_CONFIGURATION, with file, line and column, where there is no policy or it is not sound. */
  static async open(
    { ids }: { readonly ids: IdSource },
    options: PolicyManagerOptions,
  ): Promise<PolicyManager> {
    const manager = new PolicyManager(await loadCedar(), ids.next('policy'), options)
    const [first, ...more] = manager.#take(readPolicyFiles(options.paths))
    if (!first) return manager
    const rest = more.length > 0 ? `, and ${more.length} more` : ''
    const message = `The policy is not sound: ${problemText(first)}${rest}.`
    throw meshSwarmError('INVALID_CONFIGURATION', message, { details: { problems: [first, ...more] } })
  }

  get policies(): readonly Policy[] {
    return [...this.#policies.values()]
  }

  /** Never throws: what Cedar cannot read is denied. */
  decide(request: PolicyRequest): PolicyDecision {
    const answer = this.#authorize(request)
    if (typeof answer === 'string') return denied([], `Cedar cannot decide: ${answer}`)
    const { decision, diagnostics } = answer
    // Cedar passes over a policy that fails. It may be the one that forbids.
    const [failed] = diagnostics.errors
    if (failed)
      return denied(this.#named([failed.policyId]), `${failed.policyId} fails: ${failed.error.message}`)
    const policies = this.#named(diagnostics.reason)
    const words = policies.map(policyWords).join(' ')
    if (decision === 'deny') return denied(policies, words || 'No policy permits it.')
    return Object.freeze({ allowed: true, policies, why: words })
  }

  /** What every policy says, those that decide nothing included. The request is held against the schema first. */
  explain(request: PolicyRequest): readonly PolicyVerdict[] {
    return this.policies.map((policy) => {
      const answer = this.#cedar.isAuthorized({
        ...toCedar(request),
        schema: this.#schema,
        validateRequest: true,
        policies: { staticPolicies: { [policy.id]: policy.text } },
      })
      if (answer.type === 'failure')
        throw meshSwarmError('INVALID_INPUT', answer.errors.map(({ message }) => message).join('; '))
      const { reason, errors } = answer.response.diagnostics
      return { policy, applies: reason.length > 0, error: errors[0]?.error.message }
    })
  }

  /** Looks at the files again. Where they are not sound, or gone, the last good policy holds. */
  reload(): PolicyReload {
    let files: readonly PolicyFile[]
    try {
      files = readPolicyFiles(this.#paths)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      return { changed: false, problems: [{ file: this.#paths.join(', '), line: 1, column: 1, message }] }
    }
    if (JSON.stringify(files) === JSON.stringify(this.#files)) return { changed: false, problems: [] }
    const problems = this.#take(files)
    return { changed: problems.length === 0, problems }
  }

  /** Reloads whenever a file changes, and now, and tells what is new or wrong. Does not keep the process alive. */
  watch(onReload: (reload: PolicyReload) => void): Cancel {
    let told = ''
    const look = () => {
      const reload = this.reload()
      const text = JSON.stringify(reload.problems)
      // One change may be many events.
      if (reload.changed || (reload.problems.length > 0 && text !== told)) onReload(reload)
      told = text
    }
    const watchers = [...directoriesOf(this.#paths)].map((path) => watch(path, { persistent: false }, look))
    // A directory that goes away: what was good holds.
    for (const watcher of watchers) watcher.on('error', look)
    look()
    return () => {
      for (const watcher of watchers) watcher.close()
    }
  }

  /** Or why there is no answer. */
  #authorize(request: PolicyRequest) {
    try {
      const call = { ...toCedar(request), preparsedPolicySetId: this.#name }
      const answer = this.#cedar.statefulIsAuthorized(call)
      return answer.type === 'success'
        ? answer.response
        : answer.errors.map(({ message }) => message).join('; ')
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }

  /** Takes the files as the policy, unless there is something wrong with them. */
  #take(files: readonly PolicyFile[]): readonly PolicyProblem[] {
    const { policies, problems } = checkPolicies(this.#cedar, this.#schema, files)
    if (problems.length > 0) return problems
    const staticPolicies = Object.fromEntries(policies.map(({ id, text }) => [id, text]))
    const parsed = this.#cedar.preparsePolicySet(this.#name, { staticPolicies })
    if (parsed.type === 'failure') throw meshSwarmError('INVARIANT', 'Cedar refuses what it has validated.')
    this.#files = files
    this.#policies = new Map(policies.map((policy) => [policy.id, policy]))
    return []
  }

  #named(ids: readonly string[]): readonly Policy[] {
    return ids.flatMap((id) => this.#policies.get(id) ?? []).sort((a, b) => (a.id < b.id ? -1 : 1))
  }
}

export function problemText({ file, line, column, message }: PolicyProblem): string {
  return `${file}:${line}:${column}: ${message}`
}

/** Its annotation `@why`, or else its id. */
export function policyWords({ id, annotations }: Policy): string {
  return annotations.why ?? `Policy ${id}.`
}

function denied(policies: readonly Policy[], why: string): PolicyDecision {
  return Object.freeze({ allowed: false, policies, why })
}
