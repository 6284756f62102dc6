import { z } from 'zod'
import { meshSwarmError } from '../../core/index.ts'
import { fromBase64 } from './base64.ts'
import { HASH_BYTES } from './merkle.ts'

const hash = z.string().refine((text) => fromBase64(text)?.length === HASH_BYTES, 'is no hash in base64')
const seq = z.int().min(0)
const text = z.string()
const note = z.string()

/** One line of an exported log, which is canonical JSON. The first is one of the first two. */
const line = z.union([
  z.strictObject({ audit: z.literal(1), part: z.literal(false) }),
  z.strictObject({ audit: z.literal(1), part: z.literal(true), entries: seq, note }),
  z.strictObject({ seq, text, proof: z.array(hash) }),
  z.strictObject({ seq, text }),
  z.strictObject({ seq, hash }),
  z.strictObject({ note }),
])

export type ExportLine = z.infer<typeof line>

/** Throws INVALID_INPUT with the line's number. Every byte counts: there is one way only to write each line. */
export function parseExportLine(content: string, number: number): ExportLine {
  try {
    const value: unknown = JSON.parse(content)
    const parsed = line.parse(value)
    if (JSON.stringify(value) === content) return parsed
  } catch (cause) {
    throw meshSwarmError('INVALID_INPUT', `Line ${number} is no line of an exported log.`, { cause })
  }
  throw meshSwarmError('INVALID_INPUT', `Line ${number} is not written as it was exported.`)
}
