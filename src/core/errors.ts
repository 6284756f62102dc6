import { ERROR_CODES, type ErrorCode, type ErrorKind } from './error-codes.ts'

export type ErrorDetails = Readonly<Record<string, unknown>>

export interface ErrorOptions {
  readonly details?: ErrorDetails | undefined
  readonly cause?: unknown
  /** When a retry makes sense, in milliseconds from now. */
  readonly retryAfterMs?: number | undefined
}

/** What goes over HTTP. Neither cause nor stack leaves the process. */
export interface ErrorBody {
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly details: ErrorDetails }
}

const BRAND = Symbol.for('meshswarm.error')

/** The one error type of meshswarm. The message says what happened and what to do. */
export class MeshSwarmError extends Error {
  readonly [BRAND] = true
  readonly code: ErrorCode
  readonly kind: ErrorKind
  readonly details: ErrorDetails
  readonly retryable: boolean
  readonly httpStatus: number
  readonly retryAfterMs?: number

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    const info = ERROR_CODES[code]
    this.name = 'MeshSwarmError'
    this.code = code
    this.kind = info.kind
    this.details = options.details ?? {}
    this.retryable = info.retryable
    this.httpStatus = info.httpStatus
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs
  }
}

export function meshSwarmError(code: ErrorCode, message: string, options?: ErrorOptions): MeshSwarmError {
  return new MeshSwarmError(code, message, options)
}

/** True for the errors of every copy of this package in the process, where `instanceof` knows one only. */
export function isMeshSwarmError(value: unknown): value is MeshSwarmError {
  return value instanceof Error && BRAND in value
}

export function hasCode(value: unknown, code: ErrorCode): value is MeshSwarmError {
  return isMeshSwarmError(value) && value.code === code
}

export function toErrorBody(error: MeshSwarmError): ErrorBody {
  return { error: { code: error.code, message: error.message, details: error.details } }
}

/**
 * Any thrown value as a MeshSwarmError: one of ours as it is, an abort as CANCELLED, a signal's own timeout as
 * TIMEOUT, everything else as INVARIANT with the thrown value as its cause. Never throws.
 */
export function fromUnknown(thrown: unknown): MeshSwarmError {
  if (isMeshSwarmError(thrown)) return thrown
  const name = thrown instanceof Error ? thrown.name : ''
  if (name === 'AbortError') return meshSwarmError('CANCELLED', 'The work was cancelled.', { cause: thrown })
  if (name === 'TimeoutError') return meshSwarmError('TIMEOUT', 'The work took too long.', { cause: thrown })
  const text = thrown instanceof Error ? thrown.message : describe(thrown)
  return meshSwarmError('INVARIANT', `Unexpected failure: ${text}`, { cause: thrown })
}

/** The CANCELLED error of an aborted signal; the signal's reason is its cause. */
export function cancelledError(signal: AbortSignal, what = 'The work'): MeshSwarmError {
  return meshSwarmError('CANCELLED', `${what} was cancelled.`, { cause: signal.reason })
}

/** Throws CANCELLED when the signal is aborted; does nothing without a signal. */
export function throwIfCancelled(signal?: AbortSignal, what?: string): void {
  if (signal?.aborted) throw cancelledError(signal, what)
}

function describe(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return typeof thrown
  }
}
