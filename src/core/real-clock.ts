import { type Cancel, type Clock, checkedDelay, sleepWith } from './clock.ts'

/** The longest wait that one Node timer can do, in milliseconds (about 24.8 days). */
const LONGEST = 2 ** 31 - 1

/**
 * The machine's monotonic clock, set to the wall clock at process start: a step of the wall clock (NTP, a
 * person) moves no deadline. Waits of any length work; a pending one keeps the process alive.
 */
export class RealClock implements Clock {
  now(): number {
    return performance.timeOrigin + performance.now()
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepWith(this, ms, signal)
  }

  after(ms: number, fn: () => void): Cancel {
    let left = checkedDelay(ms)
    let timer: NodeJS.Timeout | undefined
    const arm = () => {
      const part = Math.min(left, LONGEST)
      left -= part
      timer = setTimeout(() => (left > 0 ? arm() : fn()), part)
    }
    if (left !== Number.POSITIVE_INFINITY) arm()
    return () => clearTimeout(timer)
  }

  hold<T>(work: Promise<T>): Promise<T> {
    return work
  }
}
