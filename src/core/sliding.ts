import { meshSwarmError } from './errors.ts'

/**
 * Mean and standard deviation of the last `size` values, each in constant time (Welford's update with the value
 * that leaves). What rounding adds up to is taken out once a window. No allocation after construction.
 */
export class SlidingMoments {
  readonly #values: Float64Array
  #next = 0
  #count = 0
  #mean = 0
  /** Sum of the squared distances from the mean. */
  #squares = 0

  constructor(size: number) {
    this.#values = new Float64Array(checkedSize(size))
  }

  get count(): number {
    return this.#count
  }

  /** NaN while there is no value. */
  get mean(): number {
    return this.#count === 0 ? Number.NaN : this.#mean
  }

  /** Of the values themselves (divided by n). NaN while there is no value. */
  get deviation(): number {
    return this.#count === 0 ? Number.NaN : Math.sqrt(this.#squares / this.#count)
  }

  /** Throws INVALID_INPUT for what is no finite number; then nothing has changed. */
  add(value: number): void {
    checkFinite(value)
    const leaving = this.#values[this.#next] as number
    const isFull = this.#count === this.#values.length
    this.#values[this.#next] = value
    this.#next = (this.#next + 1) % this.#values.length
    const before = this.#mean
    if (isFull) {
      this.#mean += (value - leaving) / this.#count
      this.#squares += (value - leaving) * (value - this.#mean + leaving - before)
    } else {
      this.#count += 1
      this.#mean += (value - before) / this.#count
      this.#squares += (value - before) * (value - this.#mean)
    }
    const isRoundedAway = this.#squares < 0 || (this.#squares === 0 && value !== this.#mean)
    if (isFull && (this.#next === 0 || isRoundedAway)) this.#recount()
  }

  #recount(): void {
    let sum = 0
    // Equal values have exactly themselves for a mean.
    for (const value of this.#values) sum += value - this.#mean
    this.#mean += sum / this.#count
    this.#squares = 0
    for (const value of this.#values) this.#squares += (value - this.#mean) ** 2
  }
}

/** The last `size` values in their order: median and median absolute deviation. No allocation after construction. */
export class SlidingOrder {
  readonly #values: Float64Array
  readonly #sorted: Float64Array
  #next = 0
  #count = 0

  constructor(size: number) {
    this.#values = new Float64Array(checkedSize(size))
    this.#sorted = new Float64Array(size)
  }

  get count(): number {
    return this.#count
  }

  /** Throws INVALID_INPUT for what is no finite number; then nothing has changed. */
  add(value: number): void {
    checkFinite(value)
    const sorted = this.#sorted
    if (this.#count === sorted.length) {
      const from = this.#rank(this.#values[this.#next] as number)
      sorted.copyWithin(from, from + 1, this.#count)
    } else this.#count += 1
    this.#values[this.#next] = value
    this.#next = (this.#next + 1) % this.#values.length
    const to = this.#rank(value, this.#count - 1)
    sorted.copyWithin(to + 1, to, this.#count - 1)
    sorted[to] = value
  }

  /** NaN while there is no value. */
  median(): number {
    return middle(this.#count, (rank) => this.#sorted[rank] as number)
  }

  /** How far the values are from their median, in the median; unscaled. NaN while there is no value. */
  medianAbsoluteDeviation(): number {
    const sorted = this.#sorted
    const centre = this.median()
    // The distances grow away from the median on both sides: their order is a merge of the two.
    let above = this.#rank(centre)
    let below = above - 1
    let [last, before] = [Number.NaN, Number.NaN]
    for (let taken = 0; taken <= this.#count >> 1; taken++) {
      const down = below >= 0 ? centre - (sorted[below] as number) : Number.POSITIVE_INFINITY
      const up = above < this.#count ? (sorted[above] as number) - centre : Number.POSITIVE_INFINITY
      before = last
      if (down < up) below -= 1
      else above += 1
      last = Math.min(down, up)
    }
    return this.#count % 2 === 1 ? last : (before + last) / 2
  }

  /** The mean distance from the median. NaN while there is no value. */
  meanAbsoluteDeviation(): number {
    const centre = this.median()
    let sum = 0
    for (let rank = 0; rank < this.#count; rank++) sum += Math.abs((this.#sorted[rank] as number) - centre)
    return sum / this.#count
  }

  /** How many of the first `count` values in their order are smaller. */
  #rank(value: number, count = this.#count): number {
    let [low, high] = [0, count]
    while (low < high) {
      const mid = (low + high) >> 1
      if ((this.#sorted[mid] as number) < value) low = mid + 1
      else high = mid
    }
    return low
  }
}

function middle(count: number, at: (rank: number) => number): number {
  if (count === 0) return Number.NaN
  return count % 2 === 1 ? at(count >> 1) : (at((count >> 1) - 1) + at(count >> 1)) / 2
}

function checkedSize(size: number): number {
  if (Number.isInteger(size) && size > 0) return size
  throw meshSwarmError('INVALID_INPUT', `A window takes a whole number of values, at least 1, not ${size}.`)
}

function checkFinite(value: number): void {
  if (!Number.isFinite(value)) throw meshSwarmError('INVALID_INPUT', `${value} is no finite number.`)
}
