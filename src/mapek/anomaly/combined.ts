import { type AnomalyDetector, isKnown } from './detector.ts'

/**
 * Several detectors over one series. What a score lacks to 1 bounds a p-value, and these are averaged by their
 * geometric mean, which needs no independence (Vovk and Wang, 2020): high where all of them say so.
 */
export class Combined implements AnomalyDetector {
  readonly warmUp: number
  readonly #detectors: readonly AnomalyDetector[]

  constructor(detectors: readonly AnomalyDetector[]) {
    this.warmUp = Math.max(...detectors.map(({ warmUp }) => warmUp))
    this.#detectors = detectors
  }

  update(value: number | undefined): number | undefined {
    if (!isKnown(value)) return undefined
    let product = 1
    for (const detector of this.#detectors) product *= 1 - (detector.update(value) ?? Number.NaN)
    return Number.isNaN(product) ? undefined : 1 - product ** (1 / this.#detectors.length)
  }
}
