// The rule: the same seed gives the same numbers everywhere, they follow their stated distributions, and a fork
// depends on its label alone.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { entropySeed, mean, seededRandom } from '../../src/core/index.ts'
import { xoshiro128 } from '../../src/core/random.ts'

const draws = (seed: string | number, n = 20_000) => {
  const random = seededRandom(seed)
  return Array.from({ length: n }, () => random.next())
}

test('the generator gives the published values of xoshiro128** 1.1 for the state 1, 2, 3, 4', () => {
  const next = xoshiro128([1, 2, 3, 4])
  expect(Array.from({ length: 10 }, next)).toEqual([
    11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
  ])
})

test('the same seed repeats, another one does not, a number and its text are one seed', () => {
  expect(draws(7, 50)).toEqual(draws('7', 50))
  expect(draws(7, 50)).not.toEqual(draws(8, 50))
  expect(entropySeed()).not.toBe(entropySeed())
})

test('the values of a seed stay the same from version to version', () => {
  const random = seededRandom('meshswarm')
  expect(Array.from({ length: 4 }, () => random.int(1000))).toMatchInlineSnapshot(`
    [
      487,
      230,
      312,
      590,
    ]
  `)
})

describe('fork', () => {
  test('depends on seed and label, not on what was drawn before', () => {
    const fresh = seededRandom(1)
    const used = seededRandom(1)
    for (let i = 0; i < 100; i++) used.next()
    used.normal()
    expect(used.fork('faults').next()).toBe(fresh.fork('faults').next())
    expect(fresh.fork('a').next()).not.toBe(fresh.fork('b').next())
  })

  test('gives streams that do not follow each other', () => {
    const [a, b] = [draws('s/a'), draws('s/b')]
    const products = a.map((x, i) => (x - 0.5) * ((b[i] ?? 0) - 0.5))
    expect(Math.abs(mean(products) * 12)).toBeLessThan(0.03)
  })
})

describe('distributions', () => {
  test('next is uniform in [0, 1)', () => {
    const values = draws('uniform')
    expect(values.every((x) => x >= 0 && x < 1)).toBe(true)
    const counts = Array.from({ length: 10 }, (_, k) => values.filter((x) => Math.floor(x * 10) === k).length)
    const chiSquare = counts.reduce((sum, n) => sum + (n - 2000) ** 2 / 2000, 0)
    expect(chiSquare).toBeLessThan(27.9) // 9 degrees of freedom, p = 0.001
  })

  test('int stays within its range and reaches both ends', () => {
    const random = seededRandom('int')
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 }), (n) => {
        const k = random.int(n)
        expect(Number.isInteger(k) && k >= 0 && k < n).toBe(true)
      }),
    )
    expect(new Set(Array.from({ length: 200 }, () => random.int(4))).size).toBe(4)
    for (const wrong of [0, -1, 1.5, Number.NaN, 2 ** 32 + 1])
      expect(() => random.int(wrong)).toThrow('whole')
  })

  test('normal and exponential have their moments', () => {
    const random = seededRandom('moments')
    const normals = Array.from({ length: 20_000 }, () => random.normal(5, 2))
    expect(mean(normals)).toBeCloseTo(5, 1)
    expect(mean(normals.map((x) => (x - 5) ** 2))).toBeCloseTo(4, 0)
    const waits = Array.from({ length: 20_000 }, () => random.exponential(3))
    expect(mean(waits)).toBeCloseTo(3, 0)
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(0)
  })

  test('shuffle keeps the items, changes no argument, and gives every order', () => {
    const random = seededRandom('shuffle')
    const items = Object.freeze([1, 2, 3])
    const orders = new Map<string, number>()
    for (let i = 0; i < 6000; i++) {
      const order = random.shuffle(items).join()
      orders.set(order, (orders.get(order) ?? 0) + 1)
    }
    expect(orders.size).toBe(6)
    for (const count of orders.values()) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })

  test('pick and chance', () => {
    const random = seededRandom('pick')
    expect(() => random.pick([])).toThrow('empty')
    expect(['a', 'b']).toContain(random.pick(['a', 'b']))
    const hits = Array.from({ length: 10_000 }, () => random.chance(0.3)).filter(Boolean).length
    expect(hits / 10_000).toBeCloseTo(0.3, 1)
    expect([random.chance(0), random.chance(1)]).toEqual([false, true])
  })
})
