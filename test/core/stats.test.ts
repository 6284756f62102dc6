// The rule: each figure is what its definition says, and an unhealed fault is never dropped.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  censoredSummary,
  chebyshevBound,
  mean,
  median,
  medianAbsoluteDeviation,
  percentile,
  wilsonInterval,
} from '../../src/core/index.ts'

const numbers = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 60 })

describe('percentile', () => {
  test('agrees with NumPy (linear) on known values', () => {
    const values = [15, 20, 35, 40, 50]
    expect([0, 5, 30, 40, 50, 95, 100].map((p) => percentile(values, p))).toEqual([
      15, 16, 23, 29, 35, 48, 50,
    ])
  })

  test('is exact at whole ranks, and between its neighbours elsewhere', () => {
    fc.assert(
      fc.property(numbers, fc.double({ min: 0, max: 100, noNaN: true }), (values, p) => {
        const sorted = values.toSorted((a, b) => a - b)
        const rank = (p / 100) * (sorted.length - 1)
        const found = percentile(values, p)
        expect(found).toBeGreaterThanOrEqual((sorted[Math.floor(rank)] ?? 0) - 1e-9)
        expect(found).toBeLessThanOrEqual((sorted[Math.ceil(rank)] ?? 0) + 1e-9)
        expect(percentile(values, 0)).toBe(sorted[0])
        expect(percentile(values, 100)).toBe(sorted.at(-1))
      }),
    )
  })

  test('takes infinity as the largest value, and nothing as NaN', () => {
    const infinity = Number.POSITIVE_INFINITY
    expect(percentile([1, 2, infinity], 50)).toBe(2)
    expect(percentile([1, 2, infinity], 51)).toBe(infinity)
    expect(percentile([infinity, infinity], 50)).toBe(infinity)
    expect([percentile([], 50), median([]), mean([])]).toEqual([Number.NaN, Number.NaN, Number.NaN])
  })

  test('refuses what has no place in an order', () => {
    expect(() => percentile([1, Number.NaN], 50)).toThrow('NaN')
    expect(() => percentile([1], 101)).toThrow('0 to 100')
  })
})

test('median absolute deviation ignores one wild value', () => {
  expect(medianAbsoluteDeviation([1, 1, 2, 2, 4, 6, 9])).toBe(1)
  expect(medianAbsoluteDeviation([1, 1, 2, 2, 4, 6, 1e9])).toBe(1)
})

describe('Wilson interval', () => {
  test('agrees with published values', () => {
    expect(wilsonInterval(9, 10).low).toBeCloseTo(0.5958, 4)
    expect(wilsonInterval(9, 10).high).toBeCloseTo(0.9821, 4)
    expect(wilsonInterval(0, 10).high).toBeCloseTo(0.2775, 4)
    expect(wilsonInterval(0, 0)).toEqual({ low: 0, high: 1 })
    expect(() => wilsonInterval(3, 2)).toThrow('cannot be')
  })

  /** The exact probability that the interval of `trials` trials at rate `p` holds p. */
  const coverage = (trials: number, p: number) => {
    let probability = (1 - p) ** trials
    let covered = 0
    for (let k = 0; k <= trials; k++) {
      const { low, high } = wilsonInterval(k, trials)
      if (low <= p && p <= high) covered += probability
      probability *= ((trials - k) / (k + 1)) * (p / (1 - p))
    }
    return covered
  }

  test('holds the true rate as often as it says, on average over all rates', () => {
    // At a single rate the counts are discrete and it may be a little off: 0.9283 for 40 trials at 0.2.
    expect(coverage(40, 0.2)).toBeCloseTo(0.9283, 4)
    // Half of the rates: the other half mirrors them, and (1 - p) ** trials would underflow there.
    const rates = Array.from({ length: 500 }, (_, i) => (i + 1) / 1000)
    expect(wilsonInterval(3, 40).low).toBeCloseTo(1 - wilsonInterval(37, 40).high, 12)
    for (const trials of [10, 40, 200]) {
      expect(Math.abs(mean(rates.map((p) => coverage(trials, p))) - 0.95)).toBeLessThan(0.01)
    }
  })
})

describe('censored summary', () => {
  const values = (healed: number[], unhealed: number) => [
    ...healed.map((value) => ({ value, censored: false })),
    ...Array.from({ length: unhealed }, () => ({ value: 0, censored: true })),
  ]

  test('counts an unhealed fault as longer than any other, whatever its value', () => {
    expect(censoredSummary(values([1, 2, 3], 2))).toEqual({ n: 5, unhealed: 2, median: 3, p95: null })
    expect(censoredSummary(values([1, 2], 3))).toEqual({ n: 5, unhealed: 3, median: null, p95: null })
    expect(censoredSummary(values([1, 2, 3], 0))).toEqual({ n: 3, unhealed: 0, median: 2, p95: 2.9 })
    expect(censoredSummary([])).toEqual({ n: 0, unhealed: 0, median: null, p95: null })
  })

  test('never gets better by failing to heal', () => {
    fc.assert(
      fc.property(numbers, fc.nat(10), (healed, unhealed) => {
        const times = healed.map(Math.abs)
        const before = censoredSummary(values(times, unhealed)).median ?? Number.POSITIVE_INFINITY
        const after = censoredSummary(values(times, unhealed + 1)).median ?? Number.POSITIVE_INFINITY
        expect(after).toBeGreaterThanOrEqual(before)
      }),
    )
  })
})

test('chebyshevBound: no values, however spread, lie out there in a greater share', () => {
  fc.assert(
    fc.property(numbers, fc.double({ min: 0.1, max: 10, noNaN: true }), (values, z) => {
      const middle = mean(values)
      const deviation = Math.sqrt(mean(values.map((value) => (value - middle) ** 2)))
      fc.pre(deviation > 0)
      const out = values.filter((value) => Math.abs(value - middle) > z * deviation * (1 + 1e-9))
      expect(out.length / values.length).toBeLessThanOrEqual(chebyshevBound(z))
    }),
  )
  expect([chebyshevBound(0), chebyshevBound(2), chebyshevBound(Number.POSITIVE_INFINITY)]).toEqual([
    1, 0.25, 0,
  ])
})
