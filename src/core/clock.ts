import { cancelledError, meshSwarmError, throwIfCancelled } from './errors.ts'

/** Calls the thing off. A second call, or one after it has happened, does nothing. */
export type Cancel = () => void

/** The only source of time. Everything that waits takes one, so that simulations run in virtual time. */
export interface Clock {
  /** Milliseconds since the Unix epoch, fractions included. Never runs backwards. */
  now(): number

  /** Resolves after `ms` milliseconds (a negative wait is none). Rejects CANCELLED when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>

  /** Calls `fn` once after `ms` milliseconds, unless cancelled. What `fn` throws is the clock owner's to see. */
  after(ms: number, fn: () => void): Cancel

  /**
   * Returns `work` as it is, and says that it runs on real time (a file, a worker thread, another clock): a
   * virtual clock stands still until it has settled.
   */
  hold<T>(work: Promise<T>): Promise<T>
}

/** `sleep` on top of any clock's `after`. */
export function sleepWith(clock: Pick<Clock, 'after'>, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    throwIfCancelled(signal, 'The wait')
    const onAbort = () => {
      cancel()
      if (signal) reject(cancelledError(signal, 'The wait'))
    }
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** A wait in milliseconds, never negative. Throws INVALID_INPUT for NaN. */
export function checkedDelay(ms: number): number {
  if (Number.isNaN(ms)) throw meshSwarmError('INVALID_INPUT', 'A wait is a number of milliseconds, not NaN.')
  return Math.max(0, ms)
}
