import { meshSwarmError } from '../../core/index.ts'
import { type AnomalyDetector, farness, isKnown } from './detector.ts'

export interface EwmaOptions {
  /** What the newest value counts, between 0 and 1. */
  readonly weight: number
  readonly warmUp: number
}

/** How many standard deviations a value is from the mean, where values count for less the older they are. */
export class Ewma implements AnomalyDetector {
  readonly warmUp: number
  readonly #weight: number
  #count = 0
  #mean = 0
  #variance = 0

  constructor({ weight, warmUp }: EwmaOptions) {
    if (!(weight > 0 && weight < 1 && Number.isInteger(warmUp) && warmUp >= 1)) {
      throw meshSwarmError(
        'INVALID_INPUT',
        'An EWMA takes a weight between 0 and 1 and a warm-up of 1 at least.',
      )
    }
    this.#weight = weight
    this.warmUp = warmUp
  }

  update(value: number | undefined): number | undefined {
    if (!isKnown(value)) return undefined
    const step = value - this.#mean
    const score = this.#count < this.warmUp ? undefined : farness(Math.abs(step), Math.sqrt(this.#variance))
    this.#count += 1
    // The first values count alike: nothing is known before them.
    const weight = Math.max(this.#weight, 1 / this.#count)
    this.#mean += weight * step
    this.#variance = (1 - weight) * (this.#variance + weight * step ** 2)
    return score
  }
}
