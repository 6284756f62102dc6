import {
  type Clock,
  cancelledError,
  fromUnknown,
  isMeshSwarmError,
  meshSwarmError,
  onAbort,
} from '../core/index.ts'
import type { Pulse } from './pulse.ts'

/** A piece of work: it stops soon after its signal aborts. */
export type Work<T> = (signal: AbortSignal) => T | Promise<T>

export interface WorkLimits {
  /** After so long the work's signal aborts, and the work has failed with TIMEOUT. */
  readonly timeoutMs?: number | undefined
  /** Without a beat for its time the same happens. */
  readonly pulse?: Pulse | undefined
  /** How long work may go on after its signal has aborted, before nobody waits for it any more. Default 2 s. */
  readonly graceMs?: number | undefined
}

export interface Supervised<T> {
  /**
   * Settles like the work. Work that fails after its signal aborted rejects with the reason: TIMEOUT, or
   * CANCELLED. Work that finished nevertheless has finished. Work that outlives the grace is given up: the
   * reason, at once.
   */
  readonly result: Promise<T>
  /** Resolves when the work has really ended, given up or not. */
  readonly ended: Promise<void>
}

export const DEFAULT_GRACE_MS = 2000

/** Runs `work` under a signal of its own, which aborts with any of `signals` and at the timeout. */
export function supervise<T>(
  work: Work<T>,
  { timeoutMs, pulse, graceMs = DEFAULT_GRACE_MS }: WorkLimits,
  clock: Clock,
  signals: readonly AbortSignal[],
): Supervised<T> {
  const controller = new AbortController()
  const { promise: result, resolve, reject } = Promise.withResolvers<T>()
  const cleanups: (() => void)[] = []
  const stop = (reason: unknown) => {
    if (controller.signal.aborted) return
    cleanups.push(clock.after(graceMs, () => reject(reason)))
    controller.abort(reason)
  }
  for (const signal of signals) cleanups.push(onAbort(signal, () => stop(reasonOf(signal))))
  if (timeoutMs !== undefined) {
    const late = () => stop(meshSwarmError('TIMEOUT', `The work took more than ${timeoutMs} ms.`))
    cleanups.push(clock.after(timeoutMs, late))
  }
  if (pulse) {
    const silent = () =>
      stop(meshSwarmError('TIMEOUT', `The work gave no sign of life for ${pulse.idleMs} ms.`))
    cleanups.push(pulse.watch(silent))
  }
  const ended = (async () => {
    try {
      controller.signal.throwIfAborted()
      resolve(await work(controller.signal))
    } catch (thrown) {
      reject(controller.signal.aborted ? controller.signal.reason : fromUnknown(thrown))
    }
  })()
  const done = () => {
    for (const cleanup of cleanups) cleanup()
  }
  result.then(done, done)
  return { result, ended }
}

function reasonOf(signal: AbortSignal): unknown {
  return isMeshSwarmError(signal.reason) ? signal.reason : cancelledError(signal)
}
