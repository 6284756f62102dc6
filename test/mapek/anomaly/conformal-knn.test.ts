// The rule: the score is 1 less a p-value. It is that of the algorithm as it is written down, and where the values are
// exchangeable so many of them are so unusual as it says.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { collectGarbage } from '../../../bench/collect-garbage.ts'
import { seededRandom } from '../../../src/core/index.ts'
import { ConformalKnn, type ConformalKnnOptions } from '../../../src/mapek/index.ts'
import { noise, scoresOf, wave } from './series.ts'

type Vector = readonly number[]

/** LDCD, plainly: lists that are copied, and Mahalanobis' distance by solving with the covariance each time. */
function plainScores(
  values: readonly number[],
  { length, neighbours, training }: ConformalKnnOptions,
): number[] {
  const patterns = values.slice(length - 1).map((_, at) => values.slice(at, at + length))
  const scores: number[] = []
  let covariance = covarianceOf(patterns.slice(0, training))
  const strangeness = (pattern: Vector, others: readonly Vector[]) =>
    others
      .map((other) => squaredDistance(pattern, other, covariance))
      .sort((a, b) => a - b)
      .slice(0, neighbours)
      .reduce((sum, distance) => sum + distance, 0)
  const first = patterns.slice(0, training)
  let calibration = first.map((pattern) =>
    strangeness(
      pattern,
      first.filter((other) => other !== pattern),
    ),
  )
  for (let at = training; at < patterns.length; at++) {
    const known = patterns.slice(Math.max(0, at - 2 * training), Math.max(training, at - training))
    if ((at + 1) % Math.ceil(training / 2) === 0) covariance = covarianceOf(known)
    const strange = strangeness(patterns[at] ?? [], known)
    const most = Math.max(...calibration)
    const less = calibration.filter((other) => other < strange).length
    scores.push(less < training ? less / (training + 1) : 1 - most / strange / (training + 1))
    calibration = [...calibration.slice(1), strange]
  }
  return scores
}

function covarianceOf(vectors: readonly Vector[]): number[][] {
  const size = vectors[0]?.length ?? 0
  const means = Array.from({ length: size }, (_, k) => average(vectors.map((vector) => vector[k] ?? 0)))
  const of = (j: number, k: number) =>
    average(
      vectors.map((vector) => ((vector[j] ?? 0) - (means[j] ?? 0)) * ((vector[k] ?? 0) - (means[k] ?? 0))),
    )
  const matrix = means.map((_, j) => means.map((_, k) => of(j, k)))
  const ridge = 1e-6 * average(matrix.map((row, k) => row[k] ?? 0))
  return matrix.map((row, j) => row.map((value, k) => (j === k ? value + ridge : value)))
}

/** (a - b)' C^-1 (a - b), by Gauss and Jordan. */
function squaredDistance(a: Vector, b: Vector, covariance: readonly Vector[]): number {
  const difference = a.map((value, k) => value - (b[k] ?? 0))
  const rows = covariance.map((row, k) => [...row, difference[k] ?? 0])
  for (let pivot = 0; pivot < rows.length; pivot++) {
    const top = rows[pivot] ?? []
    const by = top[pivot] ?? 1
    rows[pivot] = top.map((value) => value / by)
    for (let other = 0; other < rows.length; other++) {
      const row = rows[other] ?? []
      const times = row[pivot] ?? 0
      if (other !== pivot) rows[other] = row.map((value, k) => value - times * (rows[pivot]?.[k] ?? 0))
    }
  }
  return rows.reduce((sum, row, k) => sum + (row.at(-1) ?? 0) * (difference[k] ?? 0), 0)
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

test('agrees with the algorithm as it is written down', () => {
  const options = fc.record({
    length: fc.integer({ min: 1, max: 4 }),
    neighbours: fc.integer({ min: 1, max: 5 }),
    training: fc.integer({ min: 12, max: 25 }),
  })
  fc.assert(
    fc.property(options, fc.string({ minLength: 1 }), (chosen, seed) => {
      const values = wave(150, 9, seed)
      const detector = new ConformalKnn(chosen)
      const scores = scoresOf(detector, values).slice(detector.warmUp)
      const plain = plainScores(values, chosen)
      expect(scores.length).toBe(plain.length)
      // Rounding may turn round two that are next to equally strange: one rank.
      scores.forEach((score, at) => {
        expect(Math.abs((score ?? -1) - (plain[at] ?? -2))).toBeLessThan(1.01 / (chosen.training + 1))
      })
      const equal = scores.filter((score, at) => Math.abs((score ?? -1) - (plain[at] ?? -2)) < 1e-6)
      expect(equal.length).toBeGreaterThan(0.98 * plain.length)
    }),
    { numRuns: 15 },
  )
})

test('of exchangeable values so many are so unusual as the p-value says', () => {
  for (const [length, draw] of [
    [1, noise],
    [3, noise],
    [1, (random: Parameters<typeof noise>[0]) => random.next() ** 8],
  ] as const) {
    const random = seededRandom('exchangeable')
    const detector = new ConformalKnn({ length, neighbours: 5, training: 400 })
    const scores = scoresOf(
      detector,
      Array.from({ length: 12_000 }, () => draw(random)),
    ).slice(detector.warmUp)
    for (const p of [0.5, 0.2, 0.05, 0.01]) {
      const share = scores.filter((score) => (score ?? 0) >= 1 - p).length / scores.length
      expect(share).toBeGreaterThan(0.75 * p)
      expect(share).toBeLessThan(1.25 * p)
    }
  }
})

test('takes no more memory the longer it watches', () => {
  const detector = new ConformalKnn({ length: 8, neighbours: 5, training: 50 })
  const random = seededRandom('memory')
  const watch = (count: number) => {
    for (let step = 0; step < count; step++) detector.update(random.next())
  }
  watch(20_000)
  const before = collectGarbage()
  watch(100_000)
  expect(collectGarbage() - before).toBeLessThan(256 * 1024)
})
