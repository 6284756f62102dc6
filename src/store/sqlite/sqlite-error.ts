import type { ThreadFailure } from './protocol.ts'

/** Primary result codes, https://sqlite.org/rescode.html. */
const CORRUPT = 11
const NOT_A_DATABASE = 26
const CONSTRAINT = 19
/** Busy, locked, out of memory, read-only, interrupted, I/O error, disk full, cannot open, protocol. */
const OUTSIDE = new Set([5, 6, 7, 8, 9, 10, 13, 14, 15])

/** Without the extended bits; undefined for what is no error of SQLite. */
function resultCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : undefined
}

/** The file is not what it should be, as opposed to: it cannot be read now. */
export function isDamage(error: unknown): boolean {
  const code = resultCode(error)
  return code === CORRUPT || code === NOT_A_DATABASE
}

export function failureOf(error: unknown): ThreadFailure {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof Refusal) return { code: error.code, message }
  const code = resultCode(error)
  if (code === CONSTRAINT) return { code: 'CONFLICT', message }
  if (code !== undefined && OUTSIDE.has(code)) return { code: 'UNAVAILABLE', message }
  if (isDamage(error))
    return { code: 'UNAVAILABLE', message: `${message}; start again, and the file is set aside` }
  return { code: 'INVARIANT', message }
}

/** A failure that is ours to explain. */
export class Refusal extends Error {
  readonly code: ThreadFailure['code']

  constructor(code: ThreadFailure['code'], message: string) {
    super(message)
    this.code = code
  }
}
