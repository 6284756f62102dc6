import type { MeshSwarmError, Random } from '../core/index.ts'

export interface RetryOptions {
  /** Upper bound of the wait before the second attempt; doubles with each further one. Default 100. */
  readonly backoffMs?: number
  /** Upper bound of any wait. Default 10 s. */
  readonly maxBackoffMs?: number
}

/**
 * How long to wait after the `attempts`-th failure: uniform between 0 and the exponential bound ("full jitter"),
 * and never shorter than the error asks for.
 */
export function retryDelayMs(
  attempts: number,
  error: MeshSwarmError,
  random: Random,
  { backoffMs = 100, maxBackoffMs = 10_000 }: RetryOptions,
): number {
  const bound = Math.min(maxBackoffMs, backoffMs * 2 ** (attempts - 1))
  return (error.retryAfterMs ?? 0) + random.next() * bound
}
