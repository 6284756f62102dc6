import { ERROR_CODES, type ErrorCode, meshSwarmError } from '../../../core/index.ts'
import type { HostReply } from './host/protocol.ts'

type ToldError = Extract<HostReply, { error: unknown }>['error']

/** What the executor rejected with, as it was there. */
export function toError({ code, message, details }: ToldError): Error {
  const kind: ErrorCode = Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'INVARIANT'
  return meshSwarmError(kind, message, { details: (details ?? {}) as Record<string, unknown> })
}
