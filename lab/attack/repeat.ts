import type { Clock } from '../../src/core/index.ts'

/** Does the work again and again, after each wait that `wait` gives (ms), until it gives undefined. */
export function repeat(clock: Clock, wait: () => number | undefined, work: () => void): void {
  const ms = wait()
  if (ms === undefined) return
  clock.after(ms, () => {
    work()
    repeat(clock, wait, work)
  })
}
