import { type Cancel, type Clock, checkedDelay, sleepWith } from './clock.ts'
import { meshSwarmError } from './errors.ts'
import { BinaryHeap } from './heap.ts'

/** A process with an event queue of its own (a simulator) that a virtual clock drives. */
export interface AttachedProcess {
  /** When its next event is due, in milliseconds of the clock; Infinity when there is none. */
  nextEventAt(): number

  /**
   * Does every event up to and including `t`, without giving up the thread. An event that someone outside must
   * see at its own time (it settles a promise, pushes into a channel, sets a timer) ends the call early: return
   * that event's time, and the clock lets the outside catch up before it goes on. Return nothing otherwise.
   * The clock's `now()` stands still during the call.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: most processes never stop early and return nothing
  advanceTo(t: number): number | void
}

export interface VirtualClockOptions {
  /** The first `now()`, in milliseconds since the epoch. 0 unless told. */
  readonly startAt?: number
}

interface Timer {
  readonly at: number
  readonly order: number
  fn: (() => void) | undefined
}

/**
 * Deterministic virtual time: it moves only inside `run`, `advance` and `runUntil`, and jumps from timer to
 * timer. Timers of the same time fire in the order in which they were set. Between two timers every microtask
 * settles, and work named by `hold` ends. What a timer throws, the running call rejects with; the clock can be
 * run again. A second run during a run throws CONFLICT.
 */
export class VirtualClock implements Clock {
  #now: number
  #order = 0
  #held = 0
  #onRelease: (() => void) | undefined
  #running = false
  readonly #processes = new Set<AttachedProcess>()
  readonly #timers = new BinaryHeap<Timer>((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order))

  constructor(options: VirtualClockOptions = {}) {
    this.#now = options.startAt ?? 0
  }

  now(): number {
    return this.#now
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepWith(this, ms, signal)
  }

  after(ms: number, fn: () => void): Cancel {
    const timer: Timer = { at: this.#now + checkedDelay(ms), order: this.#order++, fn }
    if (timer.at !== Number.POSITIVE_INFINITY) this.#timers.push(timer)
    return () => {
      timer.fn = undefined
    }
  }

  hold<T>(work: Promise<T>): Promise<T> {
    this.#held++
    const release = () => {
      this.#held--
      this.#onRelease?.()
    }
    work.then(release, release)
    return work
  }

  /** Drives the process together with the timers from now on. A second attach of the same one does nothing. */
  attach(process: AttachedProcess): Cancel {
    this.#processes.add(process)
    return () => this.#processes.delete(process)
  }

  /** Runs to the absolute time `until` (ms since the epoch), everything due at it included. */
  run(until: number): Promise<void> {
    return this.#exclusively(async () => {
      await this.#settle()
      while (this.#step(until, until)) await this.#settle()
      this.#advanceProcesses(until)
      this.#now = Math.max(this.#now, until)
    })
  }

  /** `run` for `ms` milliseconds from now. */
  advance(ms: number): Promise<void> {
    return this.run(this.#now + checkedDelay(ms))
  }

  /**
   * Runs until `promise` settles, and settles like it. Throws INVARIANT when nothing is due any more and it is
   * still pending, and TIMEOUT when it is still pending after `limitMs` of virtual time.
   */
  runUntil<T>(promise: Promise<T>, options: { readonly limitMs?: number } = {}): Promise<T> {
    const deadline = this.#now + (options.limitMs ?? Number.POSITIVE_INFINITY)
    return this.#exclusively(async () => {
      let settled = false
      const settle = () => {
        settled = true
      }
      promise.then(settle, settle)
      await this.#settle()
      while (!settled) {
        if (!this.#step(deadline, 0)) throw this.#stuck(deadline)
        await this.#settle()
      }
      return promise
    })
  }

  /**
   * Does the next thing that is due at or before `limit`; false when there is none. Where no timer is due,
   * processes run to `stride` in one go, or one event at a time where that lies behind.
   */
  #step(limit: number, stride: number): boolean {
    const timer = this.#nextTimer()
    const timerAt = timer?.at ?? Number.POSITIVE_INFINITY
    const eventAt = this.#nextEventAt()
    const dueAt = Math.min(timerAt, eventAt)
    if (dueAt > limit || dueAt === Number.POSITIVE_INFINITY) return false
    const horizon = timerAt <= limit ? timerAt : Math.max(eventAt, stride)
    const stoppedAt = this.#advanceProcesses(horizon)
    this.#now = Math.max(this.#now, stoppedAt ?? horizon)
    if (stoppedAt === undefined && timer !== undefined && timerAt === horizon) {
      this.#timers.pop()
      timer.fn?.()
    }
    return true
  }

  #nextTimer(): Timer | undefined {
    for (let top = this.#timers.peek(); top !== undefined; top = this.#timers.peek()) {
      if (top.fn !== undefined) return top
      this.#timers.pop()
    }
    return undefined
  }

  #nextEventAt(): number {
    let next = Number.POSITIVE_INFINITY
    for (const process of this.#processes) next = Math.min(next, process.nextEventAt())
    return next
  }

  /** Brings every process to `t`, or all to the earlier time at which one had to stop, which it returns. */
  #advanceProcesses(t: number): number | undefined {
    for (;;) {
      // The process with the earliest event goes on, as far as no other has anything to do.
      let first: AttachedProcess | undefined
      let firstAt = Number.POSITIVE_INFINITY
      let othersAt = t
      for (const process of this.#processes) {
        const at = process.nextEventAt()
        othersAt = Math.min(othersAt, Math.max(at, firstAt))
        if (at < firstAt) {
          firstAt = at
          first = process
        }
      }
      if (first === undefined || firstAt > t) break
      const stoppedAt = first.advanceTo(othersAt)
      if (typeof stoppedAt === 'number') return Math.min(stoppedAt, t)
    }
    for (const process of this.#processes) process.advanceTo(t)
    return undefined
  }

  /** Every microtask has run, and so has whatever is on hold and what followed from it. */
  async #settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#held > 0) {
      await new Promise<void>((resolve) => {
        this.#onRelease = resolve
      })
      this.#onRelease = undefined
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #stuck(deadline: number): Error {
    if (deadline !== Number.POSITIVE_INFINITY) {
      this.#now = deadline
      return meshSwarmError('TIMEOUT', `Still not done at virtual time ${deadline} ms.`)
    }
    return meshSwarmError(
      'INVARIANT',
      `Nothing is due after ${this.#now} ms, and the promise is still pending.`,
    )
  }

  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running) throw meshSwarmError('CONFLICT', 'This virtual clock is running already.')
    this.#running = true
    try {
      return await work()
    } finally {
      this.#running = false
    }
  }
}
