import type { Clock } from '../core/index.ts'
import { type Supervised, supervise, type WorkLimits } from './supervise.ts'

export interface WorkTask<T, W = Worker> extends WorkLimits {
  run(worker: W, signal: AbortSignal): T | Promise<T>
}

/** Does one task at a time: an agent, or a plain slot. */
export interface Worker {
  readonly id: string
  readonly kind: string
  /** Resolves when the last task has really ended, one that was given up included. */
  whenFree(): Promise<void>
  /**
   * Settles like the task; see `Supervised.result` for time-outs and cancels. The pool never calls it on a
   * worker that is at work.
   */
  perform<T>(task: WorkTask<T, this>, signal: AbortSignal): Promise<T>
}

/** A worker without identity or state: one of `n` slots. */
export class Slot implements Worker {
  readonly id: string
  readonly kind: string
  readonly #clock: Clock
  #last: Supervised<unknown> | undefined

  constructor(
    { clock }: { readonly clock: Clock },
    { id, kind = 'slot' }: { readonly id: string; readonly kind?: string },
  ) {
    this.#clock = clock
    this.id = id
    this.kind = kind
  }

  async whenFree(): Promise<void> {
    await this.#last?.ended
  }

  perform<T>(task: WorkTask<T, this>, signal: AbortSignal): Promise<T> {
    const supervised = supervise((inner) => task.run(this, inner), task, this.#clock, [signal])
    this.#last = supervised
    return supervised.result
  }
}

/** So many plain slots: `slot-1` and so on. */
export function slots(clock: Clock, count: number, name = 'slot'): Slot[] {
  return Array.from({ length: count }, (_, i) => new Slot({ clock }, { id: `${name}-${i + 1}` }))
}
