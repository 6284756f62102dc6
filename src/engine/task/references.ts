import { isDeepStrictEqual } from 'node:util'
import { meshSwarmError, type StepId } from '../../core/index.ts'
import type { Json } from '../backends/json.ts'

/** Stands in an input for the value of another step, which then comes before, or for what lies at a path in it. */
export interface Reference {
  readonly $result: StepId
  readonly path?: readonly (string | number)[]
}

/** What has to hold, once the steps before have succeeded, or else the step is skipped. */
export type Condition =
  | { readonly value: Json; readonly is: Json }
  | { readonly value: Json; readonly isNot: Json }

function isReference(value: Json): value is Json & Reference {
  if (typeof value !== 'object' || value === null || !('$result' in value)) return false
  const { $result, path = [], ...rest } = value
  const isPath =
    Array.isArray(path) && path.every((key) => typeof key === 'string' || typeof key === 'number')
  return typeof $result === 'string' && isPath && Object.keys(rest).length === 0
}

/** The steps whose values are in the input. */
export function referencesIn(input: Json): readonly StepId[] {
  if (typeof input !== 'object' || input === null) return []
  if (isReference(input)) return [input.$result]
  return Object.values(input).flatMap((value: Json) => referencesIn(value))
}

/** The input with the values in place of the references. Throws INVALID_INPUT where there is nothing at the path. */
export function resolveReferences(input: Json, resultOf: (step: StepId) => Json): Json {
  if (typeof input !== 'object' || input === null) return input
  if (isReference(input)) return at(resultOf(input.$result), input)
  if (Array.isArray(input)) return input.map((value: Json) => resolveReferences(value, resultOf))
  return Object.fromEntries(
    Object.entries(input).map(([key, value]) => [key, resolveReferences(value, resultOf)]),
  )
}

/** Throws INVALID_INPUT like `resolveReferences`. */
export function holds(condition: Condition, resultOf: (step: StepId) => Json): boolean {
  const value = resolveReferences(condition.value, resultOf)
  return 'is' in condition
    ? isDeepStrictEqual(value, condition.is)
    : !isDeepStrictEqual(value, condition.isNot)
}

function at(value: Json, { $result, path = [] }: Reference): Json {
  let found: Json | undefined = value
  for (const key of path) {
    const inside: object = typeof found === 'object' && found !== null ? found : {}
    found = Object.hasOwn(inside, key) ? (inside as Record<string | number, Json>)[key] : undefined
    if (found === undefined)
      throw meshSwarmError('INVALID_INPUT', `The value of ${$result} has nothing at ${path.join('.')}.`)
  }
  return found ?? null
}
