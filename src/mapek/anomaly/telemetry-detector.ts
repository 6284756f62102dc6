import { Combined } from './combined.ts'
import { ConformalKnn } from './conformal-knn.ts'
import type { AnomalyDetector } from './detector.ts'
import { Inhibited } from './inhibited.ts'
import { WindowedGaussian } from './windowed-gaussian.ts'

/** From this score on it is an alarm: the p-values of shape and level are 0.015 on (geometric) average. */
export const TELEMETRY_ALARM = 0.985

/** As published with the Numenta Anomaly Benchmark for Burnaev and Ishimtsev's detector and for its own Gaussian. */
const PATTERN = { length: 19, neighbours: 27 }
const WINDOW = 6400
const REST = 1 / 5

/**
 * For a series of which nothing else is known: conformal k-NN for its shape and a windowed Gaussian for its level,
 * together, with one alarm an episode. It warms up for `warmUp` values: 46 at least, or it throws INVALID_INPUT. What
 * it says is evidence, never by itself a reason to act: `docs/MEASURED.md` says how often it is right.
 */
export function telemetryDetector(warmUp: number): AnomalyDetector {
  const shape = new ConformalKnn({ ...PATTERN, training: warmUp - PATTERN.length + 1 })
  const level = new WindowedGaussian({ window: Math.max(WINDOW, warmUp), warmUp })
  return new Inhibited(new Combined([shape, level]), {
    alarm: TELEMETRY_ALARM,
    rest: Math.floor(warmUp * REST),
  })
}
