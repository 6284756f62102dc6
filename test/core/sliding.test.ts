// The rule: a sliding figure is that of the last values taken by themselves, whatever came before them.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mean, median, medianAbsoluteDeviation, SlidingMoments, SlidingOrder } from '../../src/core/index.ts'

const values = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 80 })
const size = fc.integer({ min: 1, max: 12 })

function deviation(list: readonly number[]): number {
  const middle = mean(list)
  return Math.sqrt(mean(list.map((value) => (value - middle) ** 2)))
}

describe('SlidingMoments', () => {
  test('is the mean and the deviation of the last values, far from zero as well', () => {
    fc.assert(
      fc.property(values, size, fc.constantFrom(0, 1e6), (list, window, offset) => {
        const sliding = new SlidingMoments(window)
        list.forEach((value, index) => {
          sliding.add(value + offset)
          const last = list.slice(Math.max(0, index + 1 - window), index + 1)
          expect(sliding.count).toBe(last.length)
          expect(sliding.mean).toBeCloseTo(mean(last) + offset, 6)
          expect(sliding.deviation).toBeCloseTo(deviation(last), 3)
        })
      }),
    )
  })

  test('of equal values is that value exactly, without deviation, once what was before has left', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 })), size, (before, window) => {
        const sliding = new SlidingMoments(window)
        for (const value of before) sliding.add(value)
        for (let step = 0; step < 3 * window; step++) {
          sliding.add(0.1)
          // What is left of rounding never looks like less than no deviation.
          expect(sliding.deviation).toBeGreaterThanOrEqual(0)
        }
        expect(Math.abs(sliding.mean - 0.1)).toBeLessThan(1e-15)
        expect(sliding.deviation).toBeLessThan(1e-15)
      }),
    )
  })

  test('refuses what is no number, and is as it was', () => {
    const sliding = new SlidingMoments(3)
    expect([sliding.mean, sliding.deviation]).toEqual([Number.NaN, Number.NaN])
    sliding.add(4)
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => sliding.add(value)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
    expect([sliding.count, sliding.mean]).toEqual([1, 4])
    expect(() => new SlidingMoments(0)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })
})

describe('SlidingOrder', () => {
  test('is the median, and the median and mean absolute deviation, of the last values', () => {
    fc.assert(
      fc.property(values, size, (list, window) => {
        const sliding = new SlidingOrder(window)
        list.forEach((value, index) => {
          sliding.add(value)
          const last = list.slice(Math.max(0, index + 1 - window), index + 1)
          const middle = median(last)
          expect(sliding.median()).toBe(middle)
          expect(sliding.medianAbsoluteDeviation()).toBe(medianAbsoluteDeviation(last))
          expect(sliding.meanAbsoluteDeviation()).toBeCloseTo(
            mean(last.map((other) => Math.abs(other - middle))),
            9,
          )
        })
      }),
    )
  })

  test('refuses what is no number, and is as it was', () => {
    const sliding = new SlidingOrder(3)
    expect(sliding.median()).toBe(Number.NaN)
    sliding.add(4)
    expect(() => sliding.add(Number.NaN)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
    expect([sliding.count, sliding.median()]).toEqual([1, 4])
  })
})
