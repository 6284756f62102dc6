/**
 * The linear map after which vectors have the same variance, 1, in every direction: Euclid's distance after it is
 * Mahalanobis' distance before it. It is the inverse of the Cholesky factor of their covariance. All storage is
 * allocated once.
 */
export class Whitening {
  readonly #size: number
  readonly #mean: Float64Array
  readonly #covariance: Float64Array
  /** Lower triangular, row by row. */
  readonly #map: Float64Array

  constructor(size: number) {
    this.#size = size
    this.#mean = new Float64Array(size)
    this.#covariance = new Float64Array(size * size)
    this.#map = new Float64Array(size * size)
  }

  /**
   * Learns from `count` vectors, where vector i is the `size` values from `from + i` on: neighbours overlap. Where
   * all are equal the map changes no length.
   */
  fit(series: Float64Array, from: number, count: number): void {
    const [size, mean, covariance] = [this.#size, this.#mean, this.#covariance]
    for (let row = 0; row < size; row++) {
      let sum = 0
      for (let index = 0; index < count; index++) sum += series[from + index + row] as number
      mean[row] = sum / count
    }
    let trace = 0
    for (let row = 0; row < size; row++) {
      for (let column = 0; column <= row; column++) {
        let sum = 0
        for (let index = 0; index < count; index++) {
          const at = from + index
          sum +=
            ((series[at + row] as number) - (mean[row] as number)) *
            ((series[at + column] as number) - (mean[column] as number))
        }
        covariance[row * size + column] = sum / count
      }
      trace += covariance[row * size + row] as number
    }
    const ridge = trace > 0 ? RIDGE * (trace / size) : 1
    for (let row = 0; row < size; row++)
      covariance[row * size + row] = (covariance[row * size + row] as number) + ridge
    this.#factorise()
    this.#invert()
  }

  /** Writes the image of the `size` values of `series` from `from` on to `target` from `to` on. */
  whiten(series: Float64Array, from: number, target: Float64Array, to: number): void {
    const [size, mean, map] = [this.#size, this.#mean, this.#map]
    for (let row = 0; row < size; row++) {
      let sum = 0
      for (let column = 0; column <= row; column++)
        sum +=
          (map[row * size + column] as number) *
          ((series[from + column] as number) - (mean[column] as number))
      target[to + row] = sum
    }
  }

  /** Cholesky's: the covariance becomes L with L L' = covariance, in its place. */
  #factorise(): void {
    const [size, factor] = [this.#size, this.#covariance]
    for (let row = 0; row < size; row++) {
      for (let column = 0; column <= row; column++) {
        let sum = factor[row * size + column] as number
        for (let k = 0; k < column; k++)
          sum -= (factor[row * size + k] as number) * (factor[column * size + k] as number)
        factor[row * size + column] =
          row === column ? Math.sqrt(sum) : sum / (factor[column * size + column] as number)
      }
    }
  }

  #invert(): void {
    const [size, factor, map] = [this.#size, this.#covariance, this.#map]
    for (let column = 0; column < size; column++) {
      for (let row = column; row < size; row++) {
        let sum = row === column ? 1 : 0
        for (let k = column; k < row; k++)
          sum -= (factor[row * size + k] as number) * (map[k * size + column] as number)
        map[row * size + column] = sum / (factor[row * size + row] as number)
      }
    }
  }
}

/** What is added to every variance, in mean variances: directions without any are not blown up without bound. */
const RIDGE = 1e-6
