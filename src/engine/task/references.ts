import { isDeepStrictEqual } from 'node:util'
import { meshSwarmError, type StepId } from '../../core/index.ts'
import type { Json } from '../backends/json.ts'
import { type Path, partAt, type Value } from './blob-ref.ts'

/** Stands in an input for the value of another step, which then comes before, or for what lies at a path in it. */
export interface Reference {
  readonly $result: StepId
  readonly path?: Path
}

/** Stands in an input for the item that the step is done for, or for what lies at a path in it. */
export interface ItemReference {
  readonly $item: true
  readonly path?: Path
}

/** Stands in a step of sub-agents for the input of the step that they do it for, or for what lies at a path in it. */
export interface Given {
  readonly $given: true
  readonly path?: Path
}

/** What has to hold, once the steps before have succeeded, or else the step is skipped. */
export type Condition =
  | { readonly value: Json; readonly is: Json }
  | { readonly value: Json; readonly isNot: Json }

function isReference(value: Json): value is Json & Reference {
  return isStandIn(value, '$result') && typeof value.$result === 'string'
}

function isItem(value: Json): value is Json & ItemReference {
  return isStandIn(value, '$item') && value.$item === true
}

function isGiven(value: Json): value is Json & Given {
  return isStandIn(value, '$given') && value.$given === true
}

function isStandIn(value: Json, key: string): value is { readonly [key: string]: Json } {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return false
  const { [key]: _, path = [], ...rest } = value as { readonly [key: string]: Json }
  const isPath =
    Array.isArray(path) && path.every((one) => typeof one === 'string' || typeof one === 'number')
  return isPath && Object.keys(rest).length === 0
}

/** The steps whose values are in the input. */
export function referencesIn(input: Json): readonly StepId[] {
  if (typeof input !== 'object' || input === null) return []
  if (isReference(input)) return [input.$result]
  return Object.values(input).flatMap((value: Json) => referencesIn(value))
}

/**
 * The input with the values in place of the references. Throws INVALID_INPUT where there is nothing at the path, and
 * where there is no item.
 */
export function resolveReferences(
  input: Json,
  resultOf: (step: StepId) => Value,
  each?: { readonly item: Json },
): Value {
  if (typeof input !== 'object' || input === null) return input
  if (isReference(input))
    return partAt(resultOf(input.$result), input.path ?? [], `The value of ${input.$result}`)
  if (isItem(input)) {
    if (!each) throw meshSwarmError('INVALID_INPUT', 'There is no item here: the step has no map.')
    return partAt(each.item, input.path ?? [], 'The item')
  }
  const resolved = (value: Json) => resolveReferences(value, resultOf, each)
  if (Array.isArray(input)) return input.map(resolved)
  return Object.fromEntries(Object.entries(input).map(([key, value]) => [key, resolved(value)]))
}

/** With what was given in place of every `Given`. Throws INVALID_INPUT where there is nothing at the path. */
export function withGiven(value: Json, given: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  if (isGiven(value)) return partAt(given, value.path ?? [], 'What is given')
  if (Array.isArray(value)) return value.map((one: Json) => withGiven(one, given))
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withGiven(one, given)]))
}

/** Whether the condition holds for this value. */
export function holds(condition: Condition, value: Json): boolean {
  return 'is' in condition
    ? isDeepStrictEqual(value, condition.is)
    : !isDeepStrictEqual(value, condition.isNot)
}
