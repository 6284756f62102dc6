import {
  type AnomalyDetector,
  ConformalKnn,
  Ewma,
  Inhibited,
  RobustDeviation,
  telemetryDetector,
  WindowedGaussian,
} from '../../src/mapek/index.ts'

/** A detector for a series, told only how many of its first values are not scored. */
export interface Subject {
  readonly name: string
  readonly detector: (probation: number) => AnomalyDetector
}

export const SHIPPED: Subject = { name: 'combined (k-NN, Gaussian)', detector: telemetryDetector }

/**
 * The alarms were chosen by the tuning half. Of the single detectors the rest, and where it is not a published one the
 * window or weight, come from a trial on the whole corpus: their held-out half is not new to them.
 */
export const SUBJECTS: readonly Subject[] = [
  SHIPPED,
  {
    name: 'conformal k-NN',
    detector: (probation) =>
      new Inhibited(new ConformalKnn({ length: 19, neighbours: 27, training: probation - 18 }), {
        alarm: 0.995,
        rest: Math.floor(probation / 5),
      }),
  },
  {
    name: 'windowed Gaussian',
    detector: (warmUp) => deviations(new WindowedGaussian({ window: 6400, warmUp }), 4, 200),
  },
  { name: 'EWMA', detector: (warmUp) => deviations(new Ewma({ weight: 0.003, warmUp }), 6, 400) },
  {
    name: 'robust deviation (MAD)',
    detector: (warmUp) => deviations(new RobustDeviation({ window: 1000, warmUp }), 10, 150),
  },
  {
    name: 'windowed Gaussian, every alarm',
    detector: (warmUp) => new WindowedGaussian({ window: 6400, warmUp }),
  },
]

/** An alarm at so many standard deviations. */
function deviations(detector: AnomalyDetector, alarm: number, rest: number): AnomalyDetector {
  return new Inhibited(detector, { alarm: 1 - 1 / alarm ** 2, rest })
}
