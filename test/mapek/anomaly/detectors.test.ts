// The rule: every detector finds what is unusual for the series itself, in whatever unit, and invents nothing.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../src/core/index.ts'
import {
  Combined,
  ConformalKnn,
  Ewma,
  Inhibited,
  telemetryDetector,
  WindowedGaussian,
} from '../../../src/mapek/index.ts'
import { DETECTORS, highest, noise, scoresOf, WARM_UP, wave } from './series.ts'

const SPIKE_AT = 900

describe.each(Object.entries(DETECTORS))('%s', (_, make) => {
  test('says nothing while it warms up, and a score from 0 to 1 of every value after that', () => {
    const detector = make()
    expect(detector.warmUp).toBe(WARM_UP)
    const scores = scoresOf(detector, wave(1000))
    expect(scores.slice(0, WARM_UP).every((score) => score === undefined)).toBe(true)
    for (const score of scores.slice(WARM_UP)) {
      expect(score).toBeGreaterThanOrEqual(0)
      expect(score).toBeLessThanOrEqual(1)
    }
  })

  test('finds a spike: nothing near it is as unusual', () => {
    const values = wave(1200)
    values[SPIKE_AT] = 300
    const scores = scoresOf(make(), values)
    expect(scores[SPIKE_AT]).toBeGreaterThan(highest(scores, SPIKE_AT - 300, SPIKE_AT))
    expect(scores[SPIKE_AT]).toBeGreaterThan(0.95)
  })

  test('finds a level that shifts, within a few values', () => {
    const random = seededRandom('level')
    const values = Array.from({ length: 1200 }, (_, at) => (at < SPIKE_AT ? 10 : 40) + noise(random))
    const scores = scoresOf(make(), values)
    expect(highest(scores, SPIKE_AT, SPIKE_AT + 5)).toBeGreaterThan(0.98)
    expect(highest(scores, SPIKE_AT, SPIKE_AT + 5)).toBeGreaterThan(highest(scores, SPIKE_AT - 300, SPIKE_AT))
  })

  test('a series that never changes gives no alarm, and its first change gives one', () => {
    for (const value of [0, 0.1, -7, 1e9]) {
      const detector = make()
      const scores = scoresOf(
        detector,
        Array.from({ length: 1500 }, () => value),
      )
      expect(scores.slice(WARM_UP).every((score) => score === 0)).toBe(true)
      expect(detector.update(value + 1)).toBe(1)
    }
  })

  test('what is unknown is not zero: it is answered with undefined, and changes nothing', () => {
    const unknown = fc.constantFrom(undefined, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)
    const gaps = fc.array(fc.tuple(fc.nat(399), unknown), { maxLength: 60 })
    const values = wave(400)
    const without = scoresOf(make(), values)
    fc.assert(
      fc.property(gaps, (found) => {
        const detector = make()
        const scores = values.map((value, at) => {
          for (const [gap, nothing] of found) if (gap === at) expect(detector.update(nothing)).toBeUndefined()
          return detector.update(value)
        })
        expect(scores).toEqual(without)
      }),
      { numRuns: 20 },
    )
  })

  test('the unit and the zero of the values do not matter', () => {
    const values = wave(800)
    values[600] = 100
    const scores = scoresOf(make(), values)
    fc.assert(
      fc.property(
        fc.constantFrom(-1000, -1, 0.001, 60),
        fc.integer({ min: -1000, max: 1000 }),
        (scale, shift) => {
          const others = scoresOf(
            make(),
            values.map((value) => scale * (value + shift)),
          )
          others.forEach((score, at) => {
            expect(score ?? -1).toBeCloseTo(scores[at] ?? -1, 5)
          })
        },
      ),
      { numRuns: 20 },
    )
  })

  test('the same values give the same scores', () => {
    const values = wave(700)
    expect(scoresOf(make(), values)).toEqual(scoresOf(make(), values))
  })
})

test('a wave that changes its frequency, not its level, is found by its shape', () => {
  const values = [...wave(900), ...wave(300, 7, 'faster')]
  for (const name of ['conformal k-NN', 'telemetry detector']) {
    const scores = scoresOf(DETECTORS[name]?.() ?? new Ewma({ weight: 0.5, warmUp: 1 }), values)
    expect(highest(scores, 900, 925)).toBeGreaterThan(highest(scores, 600, 900))
  }
  const gaussian = scoresOf(new WindowedGaussian({ window: 300, warmUp: WARM_UP }), values)
  expect(highest(gaussian, 900)).toBeLessThan(0.8)
})

describe('Combined', () => {
  const says = (...scores: readonly (number | undefined)[]) => {
    const left = [...scores]
    return { warmUp: scores.length, update: () => left.shift() }
  }

  test('is the geometric mean of what the scores lack to 1, and unknown where one of them is', () => {
    const combined = new Combined([says(0.99, 0.5, undefined, 1), says(0.75, 0.5, 0.9, 0)])
    const scores = scoresOf(combined, [1, 2, 3, 4])
    expect(scores[0]).toBeCloseTo(1 - Math.sqrt(0.01 * 0.25), 12)
    expect(scores.slice(1)).toEqual([0.5, undefined, 1])
  })
})

describe('Inhibited', () => {
  const passes = { warmUp: 0, update: (value: number | undefined) => value }

  test('after an alarm the next scores are no alarms, an unknown one aside', () => {
    const detector = new Inhibited(passes, { alarm: 0.9, rest: 2 })
    const scores = scoresOf(detector, [0.8, 0.95, 0.99, undefined, 0.1, 0.93, 0.99])
    expect(scores).toEqual([0.8, 0.95, 0.45, undefined, 0.1, 0.93, 0.45])
  })

  test('there are never two alarms within the rest', () => {
    const series = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 100 })
    fc.assert(
      fc.property(series, fc.nat(10), (values, rest) => {
        const scores = scoresOf(new Inhibited(passes, { alarm: 0.7, rest }), values)
        const alarms = scores.flatMap((score, at) => ((score ?? 0) >= 0.7 ? [at] : []))
        alarms.slice(1).forEach((at, index) => {
          expect(at - (alarms[index] ?? 0)).toBeGreaterThan(rest)
        })
      }),
    )
  })
})

test('settings that cannot work are refused', () => {
  const refused = [
    () => new ConformalKnn({ length: 0, neighbours: 3, training: 10 }),
    () => new ConformalKnn({ length: 3, neighbours: 10, training: 10 }),
    () => new WindowedGaussian({ window: 10, warmUp: 11 }),
    () => new Ewma({ weight: 1, warmUp: 3 }),
    () => new Inhibited(new Ewma({ weight: 0.1, warmUp: 3 }), { alarm: 0, rest: 3 }),
    () => telemetryDetector(45),
  ]
  for (const make of refused) expect(make).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  expect(telemetryDetector(46).warmUp).toBe(46)
})
