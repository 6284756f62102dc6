import type { z } from 'zod'
import type { Source } from '../observation.ts'
import { invalidTopology } from '../topology/index.ts'
import type { Json } from './codec.ts'
import { EXTENSION_KEY } from './extension-schema.ts'
import type { GmlPair } from './gml-text.ts'
import { findMistake } from './json-text.ts'
import { checked } from './schema.ts'

/** What every part of a GML file is read with. */
export interface GmlContext {
  readonly at: number
  readonly source: Source
  readonly place: (pair: GmlPair) => string
}

/** Takes the extension out of a record: JSON in a string. */
export function readExtension<T extends z.ZodType>(
  record: Json,
  schema: T,
  place: string,
): z.output<T> | undefined {
  if (!Object.hasOwn(record, EXTENSION_KEY)) return undefined
  const text = record[EXTENSION_KEY]
  delete record[EXTENSION_KEY]
  const where = `${place}, ${EXTENSION_KEY}`
  if (typeof text !== 'string') throw invalidTopology(where, 'not a string')
  try {
    return checked(schema, JSON.parse(text), where)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw invalidTopology(where, `not JSON from character ${findMistake(text) + 1} on`, error)
  }
}

/** A number or a text that says something, as text. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}
