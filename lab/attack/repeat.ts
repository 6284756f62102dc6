import type { Clock } from '../../src/core/index.ts'

/** Does the work again and again, after each wait that `wait` gives, in ms. */
export function repeat(clock: Clock, wait: () => number, work: () => void): void {
  clock.after(wait(), () => {
    work()
    repeat(clock, wait, work)
  })
}
