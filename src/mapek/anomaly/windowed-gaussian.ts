import { meshSwarmError, SlidingMoments } from '../../core/index.ts'
import { type AnomalyDetector, farness, isKnown } from './detector.ts'

export interface WindowOptions {
  /** So many of the last values count. */
  readonly window: number
  readonly warmUp: number
}

/** How many standard deviations a value is from the mean of those before it. */
export class WindowedGaussian implements AnomalyDetector {
  readonly warmUp: number
  readonly #window: SlidingMoments

  constructor(options: WindowOptions) {
    this.#window = new SlidingMoments(options.window)
    this.warmUp = checkedWarmUp(options)
  }

  update(value: number | undefined): number | undefined {
    if (!isKnown(value)) return undefined
    const { count, mean, deviation } = this.#window
    this.#window.add(value)
    return count < this.warmUp ? undefined : farness(Math.abs(value - mean), deviation)
  }
}

export function checkedWarmUp({ window, warmUp }: WindowOptions): number {
  if (Number.isInteger(warmUp) && warmUp >= 1 && warmUp <= window) return warmUp
  throw meshSwarmError('INVALID_INPUT', `A window of ${window} values cannot warm up with ${warmUp} of them.`)
}
