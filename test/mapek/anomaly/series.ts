import { type Random, seededRandom } from '../../../src/core/index.ts'
import {
  type AnomalyDetector,
  ConformalKnn,
  Ewma,
  RobustDeviation,
  telemetryDetector,
  WindowedGaussian,
} from '../../../src/mapek/index.ts'

export const WARM_UP = 200

/** Every detector, with small windows. */
export const DETECTORS: Readonly<Record<string, () => AnomalyDetector>> = {
  'conformal k-NN': () => new ConformalKnn({ length: 8, neighbours: 5, training: WARM_UP - 7 }),
  'windowed Gaussian': () => new WindowedGaussian({ window: 300, warmUp: WARM_UP }),
  EWMA: () => new Ewma({ weight: 0.02, warmUp: WARM_UP }),
  'robust deviation': () => new RobustDeviation({ window: 300, warmUp: WARM_UP }),
  'telemetry detector': () => telemetryDetector(WARM_UP),
}

/** Normal, by Box and Muller. */
export function noise(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}

/** A wave with a little noise. */
export function wave(count: number, period = 20, seed = 'wave'): number[] {
  const random = seededRandom(seed)
  return Array.from(
    { length: count },
    (_, at) => 10 * Math.sin((2 * Math.PI * at) / period) + 0.5 * noise(random) + 30,
  )
}

export function scoresOf(
  detector: AnomalyDetector,
  values: Iterable<number | undefined>,
): (number | undefined)[] {
  return Array.from(values, (value) => detector.update(value))
}

export function highest(scores: readonly (number | undefined)[], from = 0, to = scores.length): number {
  return Math.max(...scores.slice(from, to).map((score) => score ?? 0))
}
