import { meshSwarmError } from '../../core/index.ts'
import type { AnomalyDetector } from './detector.ts'

export interface InhibitedOptions {
  /** The score that is an alarm. */
  readonly alarm: number
  /** How many scores after an alarm are kept down. */
  readonly rest: number
}

/** One alarm an episode: after an alarm no score is above half of one for a while. */
export class Inhibited implements AnomalyDetector {
  readonly warmUp: number
  readonly #detector: AnomalyDetector
  readonly #options: InhibitedOptions
  #left = 0

  constructor(detector: AnomalyDetector, options: InhibitedOptions) {
    const { alarm, rest } = options
    if (!(alarm > 0 && alarm <= 1 && Number.isInteger(rest) && rest >= 0)) {
      throw meshSwarmError(
        'INVALID_INPUT',
        `An alarm is a score above 0, and a rest a count: not ${alarm}, ${rest}.`,
      )
    }
    this.warmUp = detector.warmUp
    this.#detector = detector
    this.#options = options
  }

  update(value: number | undefined): number | undefined {
    const score = this.#detector.update(value)
    if (score === undefined) return undefined
    if (this.#left > 0) {
      this.#left -= 1
      return Math.min(score, this.#options.alarm / 2)
    }
    if (score >= this.#options.alarm) this.#left = this.#options.rest
    return score
  }
}
