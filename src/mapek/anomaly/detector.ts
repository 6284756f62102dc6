import { chebyshevBound } from '../../core/index.ts'

/** Watches one series of numbers and says of each value how unusual it is after those before it. */
export interface AnomalyDetector {
  /** Known values that it takes before it says anything. */
  readonly warmUp: number
  /**
   * Takes the next value of the series: from 0 (nothing unusual) to 1. undefined: it cannot say, because it is
   * still warming up, or because the value is unknown (undefined, or no finite number), which changes nothing.
   */
  update(value: number | undefined): number | undefined
}

export function isKnown(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value)
}

/** The score of a value so far from the middle: 1 less the greatest share of any distribution that is as far. */
export function farness(distance: number, deviation: number): number {
  return 1 - chebyshevBound(distance / deviation)
}
