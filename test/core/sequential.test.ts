// The rule: a sequential test keeps the error rates it was given, and a CUSUM is silent in order and quick out of it.
import { describe, expect, test } from 'vitest'
import { BernoulliSprt, Cusum, seededRandom } from '../../src/core/index.ts'

describe('SPRT', () => {
  const options = { p0: 0.05, p1: 0.3, alpha: 0.01, beta: 0.02 }
  const simulate = (rate: number, runs = 5000) => {
    const random = seededRandom(`sprt ${rate}`)
    const sprt = new BernoulliSprt(options)
    const tally = { accept: 0, reject: 0, steps: 0 }
    for (let run = 0; run < runs; run++) {
      sprt.restart()
      for (;;) {
        tally.steps++
        const decision = sprt.update(random.chance(rate))
        if (decision === 'continue') continue
        tally[decision]++
        break
      }
    }
    return { accept: tally.accept / runs, reject: tally.reject / runs, steps: tally.steps / runs }
  }

  // Wald's bounds: at most alpha / (1 - beta) and beta / (1 - alpha); with three standard errors of 5000 runs.
  test('a false rejection is as rare as alpha says', () => {
    const { reject, steps } = simulate(options.p0)
    expect(reject).toBeLessThan(0.01 / 0.98 + 0.0045)
    expect(steps).toBeLessThan(25)
  })

  test('a false acceptance is as rare as beta says', () => {
    const { accept, steps } = simulate(options.p1)
    expect(accept).toBeLessThan(0.02 / 0.99 + 0.006)
    expect(steps).toBeLessThan(25)
  })

  test('a decision stays until the restart', () => {
    const sprt = new BernoulliSprt(options)
    while (sprt.update(true) === 'continue');
    for (let i = 0; i < 1000; i++) expect(sprt.update(false)).toBe('reject')
    sprt.restart()
    expect(sprt.decision).toBe('continue')
  })

  test('works downwards too: p1 below p0', () => {
    const sprt = new BernoulliSprt({ ...options, p0: 0.9, p1: 0.5 })
    while (sprt.update(false) === 'continue');
    expect(sprt.decision).toBe('reject')
  })

  test.each([
    { ...options, p0: 0 },
    { ...options, p1: 1 },
    { ...options, p0: 0.3 },
    { ...options, alpha: 0.6, beta: 0.5 },
    { ...options, beta: Number.NaN },
  ])('refuses impossible rates: %o', (wrong) => {
    expect(() => new BernoulliSprt(wrong)).toThrow('SPRT')
  })
})

describe('CUSUM', () => {
  const make = () => new Cusum({ target: 10, drift: 0.5, threshold: 5 })
  const stepsToAlarm = (shift: number, seed: string) => {
    const random = seededRandom(seed)
    const cusum = make()
    for (let step = 1; step <= 100_000; step++) if (cusum.update(10 + shift + random.normal())) return step
    return Number.POSITIVE_INFINITY
  }
  const averageRunLength = (shift: number) => {
    let total = 0
    for (let i = 0; i < 200; i++) total += stepsToAlarm(shift, `cusum ${shift} ${i}`)
    return total / 200
  }

  test('has the published run lengths for k = 0.5, h = 5: 938 in order, 10.4 at one sigma', () => {
    expect(averageRunLength(1)).toBeGreaterThan(9)
    expect(averageRunLength(1)).toBeLessThan(12)
    expect(averageRunLength(0)).toBeGreaterThan(700)
  })

  test('follows its formula, and a shift downwards never alarms', () => {
    const cusum = make()
    expect([12, 12, 9, 14].map((x) => [cusum.update(x), cusum.sum])).toEqual([
      [false, 1.5],
      [false, 3],
      [false, 1.5],
      [false, 5],
    ])
    expect(cusum.update(10.6)).toBe(true)
    cusum.reset()
    expect(cusum.sum).toBe(0)
    for (let i = 0; i < 100; i++) expect(cusum.update(-100)).toBe(false)
  })

  test('refuses NaN and keeps its sum', () => {
    const cusum = make()
    cusum.update(12)
    expect(() => cusum.update(Number.NaN)).toThrow('NaN')
    expect(cusum.sum).toBe(1.5)
    expect(() => new Cusum({ drift: -1, threshold: 5 })).toThrow('CUSUM')
  })
})
