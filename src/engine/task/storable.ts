import { fromUnknown, type MeshSwarmError, meshSwarmError } from '../../core/index.ts'
import type { Json } from '../backends/json.ts'
import type { StoredError } from './task-event.ts'

/** A value that is larger belongs into a file, and its name into the value. */
const MOST_CHARACTERS = 2 ** 24
/** Details are a few figures, for people and programs that look at one error. */
const MOST_DETAILS = 4096

/** More characters of JSON than these go to the blob store. */
export const MOST_INLINE = 2 ** 16
/** Of JSON, for one character of a string. */
const MOST_ESCAPED = 6

/** What takes no more than `MOST_INLINE` for certain, without writing it: most values are short. */
export function isShort(value: unknown): value is string | number | boolean | null {
  if (typeof value === 'string') return value.length <= MOST_INLINE / MOST_ESCAPED - 2
  return value === null || typeof value === 'boolean' || Number.isFinite(value)
}

/** Throws INVALID_INPUT for what JSON cannot hold, and for too much of it: that is the tool's fault, and its step's. */
export function storable(value: Json | undefined): { readonly value: Json; readonly text: string } {
  const text = asText(value ?? null)
  if (text.length > MOST_CHARACTERS)
    throw meshSwarmError(
      'INVALID_INPUT',
      `The value of the step takes ${text.length} characters; ${MOST_CHARACTERS} at most.`,
    )
  return { value: value ?? null, text }
}

/** Without its details where JSON cannot hold them, and where there are too many. */
export function storableError({ code, message, details }: MeshSwarmError): StoredError {
  let text: string | undefined
  try {
    text = JSON.stringify(details)
  } catch {
    // A tool's error may hold anything.
  }
  const fits = text !== undefined && text !== '{}' && text.length <= MOST_DETAILS
  return fits && text !== undefined ? { code, message, details: JSON.parse(text) } : { code, message }
}

function asText(value: Json): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (thrown) {
    throw meshSwarmError('INVALID_INPUT', `The value of the step is no JSON: ${fromUnknown(thrown).message}`)
  }
  if (text === undefined) throw meshSwarmError('INVALID_INPUT', 'The value of the step is no JSON.')
  return text
}
