import { Cusum } from '../../core/index.ts'

export interface RatioTestOptions {
  /** Share of successes while all is in order. */
  readonly honest: number
  /** Share of successes worth an alarm. */
  readonly hostile: number
}

/** The figures since the evidence began to mount. */
export interface RatioFigures {
  readonly since: number
  readonly successes: number
  readonly trials: number
  readonly evidence: number
}

/**
 * Page's test of a share: the CUSUM of Wald's log-likelihood ratio between two shares, in nats. It asks for no number of
 * trials in a time, and so for no volume: four times as much of the same leaves it where it is.
 */
export class RatioTest {
  readonly #success: number
  readonly #failure: number
  readonly #cusum: Cusum
  #since = 0
  #successes = 0
  #trials = 0

  constructor({ honest, hostile }: RatioTestOptions, threshold: number) {
    this.#success = Math.log(hostile / honest)
    this.#failure = Math.log((1 - hostile) / (1 - honest))
    this.#cusum = new Cusum({ drift: 0, threshold })
  }

  get evidence(): number {
    return this.#cusum.sum
  }

  get figures(): RatioFigures {
    const { sum: evidence } = this.#cusum
    return { since: this.#since, successes: this.#successes, trials: this.#trials, evidence }
  }

  /** Takes one trial at the time `at`. */
  update(success: boolean, at: number): void {
    if (this.#cusum.sum === 0) {
      this.#since = at
      this.#successes = 0
      this.#trials = 0
    }
    this.#cusum.update(success ? this.#success : this.#failure)
    this.#trials++
    if (success) this.#successes++
  }

  reset(): void {
    this.#cusum.reset()
  }
}
