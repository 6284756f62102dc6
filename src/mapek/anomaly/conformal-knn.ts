import { meshSwarmError } from '../../core/index.ts'
import { type AnomalyDetector, isKnown } from './detector.ts'
import { Whitening } from './whitening.ts'

export interface ConformalKnnOptions {
  /** How many values in a row are compared with earlier ones: the length of the pattern. */
  readonly length: number
  /** The nearest earlier patterns that count. */
  readonly neighbours: number
  /** How many patterns it knows, and against how many later ones it measures a new one. */
  readonly training: number
}

/**
 * Conformal k-NN (Burnaev and Ishimtsev, 2016: the lazy drifting conformal detector, LDCD). How strange a pattern
 * is, is the sum of its squared Mahalanobis distances to the nearest training patterns; the score is the share of
 * the patterns since then that were less strange. No distribution is assumed. Patterns grow old through the
 * calibration into the training, so that it follows a slow drift. No allocation after construction.
 */
export class ConformalKnn implements AnomalyDetector {
  readonly warmUp: number
  readonly #length: number
  readonly #size: number
  readonly #whitening: Whitening
  /** The last values; what is still needed moves to the front when the end is reached. */
  readonly #series: Float64Array
  #end = 0
  /** So many patterns have been seen; the first is number 1. */
  #patterns = 0
  /** Training patterns after whitening, number n in row (n - 1) modulo their count. */
  readonly #training: Float64Array
  readonly #pattern: Float64Array
  /** How strange the last patterns were: a ring. */
  readonly #calibration: Float64Array
  /** Squared distances of the nearest neighbours, rising. */
  readonly #nearest: Float64Array

  constructor({ length, neighbours, training }: ConformalKnnOptions) {
    const whole = [length, neighbours, training].every((count) => Number.isInteger(count) && count >= 1)
    if (!whole || neighbours >= training) {
      const details = { length, neighbours, training }
      throw meshSwarmError('INVALID_INPUT', 'Conformal k-NN takes more training patterns than neighbours.', {
        details,
      })
    }
    this.warmUp = training + length - 1
    this.#length = length
    this.#size = training
    this.#whitening = new Whitening(length)
    this.#series = new Float64Array(2 * (2 * training + length))
    this.#training = new Float64Array(training * length)
    this.#pattern = new Float64Array(length)
    this.#calibration = new Float64Array(training)
    this.#nearest = new Float64Array(neighbours)
  }

  update(value: number | undefined): number | undefined {
    if (!isKnown(value)) return undefined
    this.#append(value)
    if (this.#end < this.#length) return undefined
    this.#patterns += 1
    const size = this.#size
    if (this.#patterns <= size) {
      if (this.#patterns === size) this.#begin()
      return undefined
    }
    if (this.#patterns % Math.ceil(size / 2) === 0) this.#fit()
    this.#whitening.whiten(this.#series, this.#positionOf(this.#patterns), this.#pattern, 0)
    const strangeness = this.#strangenessOf(this.#pattern, 0, -1)
    const score = this.#score(strangeness)
    this.#calibration[(this.#patterns - 1) % size] = strangeness
    if (this.#patterns > 2 * size) this.#learn(this.#patterns - size)
    return score
  }

  #append(value: number): void {
    if (this.#end === this.#series.length) {
      const kept = 2 * this.#size + this.#length
      this.#series.copyWithin(0, this.#end - kept)
      this.#end = kept
    }
    this.#series[this.#end] = value
    this.#end += 1
  }

  #positionOf(pattern: number): number {
    return this.#end - this.#length - (this.#patterns - pattern)
  }

  /** The training patterns measure each other: the first calibration. */
  #begin(): void {
    this.#fit()
    for (let row = 0; row < this.#size; row++)
      this.#calibration[row] = this.#strangenessOf(this.#training, row * this.#length, row)
  }

  #fit(): void {
    const first = Math.max(1, this.#patterns - 2 * this.#size)
    this.#whitening.fit(this.#series, this.#positionOf(first), this.#size)
    for (let index = 0; index < this.#size; index++) this.#learn(first + index)
  }

  #learn(pattern: number): void {
    const row = (pattern - 1) % this.#size
    this.#whitening.whiten(this.#series, this.#positionOf(pattern), this.#training, row * this.#length)
  }

  /** Of the whitened pattern in `patterns` from `from` on; the training pattern in row `itself` is not its neighbour. */
  #strangenessOf(patterns: Float64Array, from: number, itself: number): number {
    const nearest = this.#nearest
    const last = nearest.length - 1
    nearest.fill(Number.POSITIVE_INFINITY)
    for (let row = 0; row < this.#size; row++) {
      if (row === itself) continue
      const limit = nearest[last] as number
      const start = row * this.#length
      let distance = 0
      for (let k = 0; k < this.#length && distance < limit; k++)
        distance += ((patterns[from + k] as number) - (this.#training[start + k] as number)) ** 2
      if (distance >= limit) continue
      let place = last
      for (; place > 0 && (nearest[place - 1] as number) > distance; place--)
        nearest[place] = nearest[place - 1] as number
      nearest[place] = distance
    }
    let sum = 0
    for (const distance of nearest) sum += distance
    return sum
  }

  /**
   * 1 less the conformal p-value: the share of the calibration, the new one counted in, that is as strange. Beyond
   * all of it the p-value falls on as a heavy tail would, 1 / strangeness: how far out it is stays to be seen.
   */
  #score(strangeness: number): number {
    let less = 0
    let most = 0
    for (const other of this.#calibration) {
      if (other < strangeness) less += 1
      if (other > most) most = other
    }
    const one = 1 / (this.#size + 1)
    return less < this.#size ? less * one : 1 - one * (most / strangeness)
  }
}
