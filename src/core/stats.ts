import { meshSwarmError } from './errors.ts'

/**
 * The p-th percentile (p from 0 to 100) by linear interpolation between closest ranks (Hyndman and Fan's type 7,
 * the default of R and NumPy): with the values sorted as x[0..n-1] and r = p/100 * (n-1), it is
 * x[floor r] + (r - floor r) * (x[ceil r] - x[floor r]). +Infinity is an ordinary, largest value. NaN for no
 * values; throws INVALID_INPUT for a p out of range or a NaN among the values.
 */
export function percentile(values: Iterable<number>, p: number): number {
  if (!(p >= 0 && p <= 100)) throw meshSwarmError('INVALID_INPUT', `A percentile is from 0 to 100, not ${p}.`)
  return percentileOfSorted(sorted(values), p)
}

/** The 50th percentile. NaN for no values. */
export function median(values: Iterable<number>): number {
  return percentile(values, 50)
}

/** The arithmetic mean. NaN for no values. */
export function mean(values: Iterable<number>): number {
  let sum = 0
  let n = 0
  for (const value of values) {
    sum += value
    n++
  }
  return sum / n
}

/** The median absolute deviation from the median, unscaled (times 1.4826 it estimates a normal's sigma). */
export function medianAbsoluteDeviation(values: Iterable<number>): number {
  const list = [...values]
  const middle = median(list)
  return median(list.map((value) => Math.abs(value - middle)))
}

/**
 * Chebyshev's bound: the greatest share of any distribution that lies `z` standard deviations or more from its mean.
 * It orders values as the tail of a normal distribution does, but takes nothing for normal, and does not vanish.
 * Where there is no deviation (z is 0 / 0) that is all of it.
 */
export function chebyshevBound(z: number): number {
  return z > 1 ? 1 / z ** 2 : 1
}

export interface Interval {
  readonly low: number
  readonly high: number
}

/** Wilson's score interval for a proportion; `z` is 1.96 (95 %) unless told. No trials: all of [0, 1]. */
export function wilsonInterval(successes: number, trials: number, z = 1.959963984540054): Interval {
  if (!(successes >= 0 && successes <= trials)) {
    throw meshSwarmError('INVALID_INPUT', `${successes} successes of ${trials} trials cannot be.`)
  }
  if (trials === 0) return { low: 0, high: 1 }
  const p = successes / trials
  const shrink = 1 + z ** 2 / trials
  const centre = (p + z ** 2 / (2 * trials)) / shrink
  const reach = (z / shrink) * Math.sqrt((p * (1 - p)) / trials + z ** 2 / (4 * trials ** 2))
  return { low: Math.max(0, centre - reach), high: Math.min(1, centre + reach) }
}

/** A time to an event, or, when censored, how long it was watched without the event. */
export interface CensoredValue {
  readonly value: number
  readonly censored: boolean
}

export interface CensoredSummary {
  readonly n: number
  /** How many were censored: the event never came. */
  readonly unhealed: number
  /** null: so many are unhealed that the figure is not finite. Also null for n = 0. */
  readonly median: number | null
  readonly p95: number | null
}

/** Median and 95th percentile with every censored value counted as +Infinity. None is ever dropped. */
export function censoredSummary(values: Iterable<CensoredValue>): CensoredSummary {
  const list = [...values]
  const times = sorted(list.map(({ value, censored }) => (censored ? Number.POSITIVE_INFINITY : value)))
  const finite = (p: number) => {
    const figure = percentileOfSorted(times, p)
    return Number.isFinite(figure) ? figure : null
  }
  const unhealed = list.filter(({ censored }) => censored).length
  return { n: list.length, unhealed, median: finite(50), p95: finite(95) }
}

function percentileOfSorted(values: Float64Array, p: number): number {
  if (values.length === 0) return Number.NaN
  const rank = (p / 100) * (values.length - 1)
  const low = values[Math.floor(rank)] as number
  const high = values[Math.ceil(rank)] as number
  return low === high ? low : low + (rank - Math.floor(rank)) * (high - low)
}

function sorted(values: Iterable<number>): Float64Array {
  const list = Float64Array.from(values).sort()
  if (Number.isNaN(list.at(-1))) throw meshSwarmError('INVALID_INPUT', 'A value is NaN.')
  return list
}
