import type { StepId } from '../../core/index.ts'
import type { Json } from '../backends/json.ts'

/** Stands in an input for the value of another step, which then comes before. */
export interface Reference {
  readonly $result: StepId
}

function isReference(value: Json): value is Json & Reference {
  return (
    typeof value === 'object' &&
    value !== null &&
    '$result' in value &&
    typeof value.$result === 'string' &&
    Object.keys(value).length === 1
  )
}

/** The steps whose values are in the input. */
export function referencesIn(input: Json): readonly StepId[] {
  if (typeof input !== 'object' || input === null) return []
  if (isReference(input)) return [input.$result]
  return Object.values(input).flatMap((value: Json) => referencesIn(value))
}

/** The input with the values in place of the references. */
export function resolveReferences(input: Json, resultOf: (step: StepId) => Json): Json {
  if (typeof input !== 'object' || input === null) return input
  if (isReference(input)) return resultOf(input.$result)
  if (Array.isArray(input)) return input.map((value: Json) => resolveReferences(value, resultOf))
  return Object.fromEntries(
    Object.entries(input).map(([key, value]) => [key, resolveReferences(value, resultOf)]),
  )
}
