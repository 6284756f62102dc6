import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LossWindow, lossEvidence } from '../../src/mapek/health/loss-window.ts'

test('a window sums exactly its newest ticks, whatever came before', () => {
  const tick = fc.record({ sent: fc.integer({ min: 0, max: 9 }), lost: fc.integer({ min: 0, max: 9 }) })
  fc.assert(
    fc.property(fc.array(tick, { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (ticks, size) => {
      const window = new LossWindow(size)
      const valid = ticks.map(({ sent, lost }) => ({ sent, lost: Math.min(sent, lost) }))
      valid.forEach(({ sent, lost }, at) => {
        window.add(sent, lost, at)
      })
      const kept = valid.filter(({ sent }) => sent > 0).slice(-size)
      const totals = window.totals()
      expect(totals.sent).toBe(kept.reduce((sum, { sent }) => sum + sent, 0))
      expect(totals.lost).toBe(kept.reduce((sum, { lost }) => sum + lost, 0))
      expect(totals.lossyTicks).toBe(kept.filter(({ lost }) => lost > 0).length)
    }),
  )
})

test('a run of dead ticks counts from the first of them and ends with the first packet that arrives', () => {
  const window = new LossWindow(5)
  window.add(1, 0, 100)
  window.add(2, 2, 200)
  window.add(1, 1, 300)
  expect([window.deadTicks, window.deadSince]).toEqual([2, 200])
  window.add(2, 1, 400)
  expect([window.deadTicks, window.deadSince]).toEqual([0, undefined])
})

test('evidence is the log-likelihood ratio: it grows with losses and falls with arrivals', () => {
  const at = (lost: number, sent: number) => lossEvidence({ sent, lost }, 0.01, 0.15)
  expect(at(1, 1)).toBeCloseTo(Math.log(15))
  expect(at(0, 1)).toBeCloseTo(Math.log(0.85 / 0.99))
  expect(at(5, 30)).toBeGreaterThan(at(4, 30))
})
