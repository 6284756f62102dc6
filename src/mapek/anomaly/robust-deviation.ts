import { SlidingOrder } from '../../core/index.ts'
import { type AnomalyDetector, farness, isKnown } from './detector.ts'
import { checkedWarmUp, type WindowOptions } from './windowed-gaussian.ts'

/** Of a normal distribution: its standard deviation in median, and in mean, absolute deviations. */
const BY_MEDIAN = 1.4826
const BY_MEAN = 1.2533

/**
 * How many deviations a value is from the median of those before it, by their median absolute deviation, which
 * outliers among them do not move (Iglewicz and Hoaglin, 1993); by the mean one where most values are equal.
 */
export class RobustDeviation implements AnomalyDetector {
  readonly warmUp: number
  readonly #window: SlidingOrder

  constructor(options: WindowOptions) {
    this.#window = new SlidingOrder(options.window)
    this.warmUp = checkedWarmUp(options)
  }

  update(value: number | undefined): number | undefined {
    if (!isKnown(value)) return undefined
    const window = this.#window
    const score = window.count < this.warmUp ? undefined : this.#score(value)
    window.add(value)
    return score
  }

  #score(value: number): number {
    const window = this.#window
    const deviation = BY_MEDIAN * window.medianAbsoluteDeviation() || BY_MEAN * window.meanAbsoluteDeviation()
    return farness(Math.abs(value - window.median()), deviation)
  }
}
