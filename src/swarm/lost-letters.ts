import type { Clock } from '../core/index.ts'
import type { LossReason, LostLetter } from './letter.ts'

/** How many are kept; the oldest make room. */
const KEPT = 256

/** The dead letters of a swarm that were not durable, the newest of them. */
export class LostLetters {
  readonly #clock: Clock
  readonly #letters: LostLetter[] = []

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock
  }

  /** The longest lost first. */
  get all(): readonly LostLetter[] {
    return [...this.#letters]
  }

  add({ from, to, topic, at, body }: Omit<LostLetter, 'reason' | 'lostAt'>, reason: LossReason): void {
    const lostAt = this.#clock.now()
    this.#letters.push(Object.freeze({ from, to, topic, at, body, reason, lostAt }))
    if (this.#letters.length > KEPT) this.#letters.shift()
  }
}
