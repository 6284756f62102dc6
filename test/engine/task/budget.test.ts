// The rule: what is spent and set aside is never more than there is, to the cent.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Ledger } from '../../../src/engine/task/budget.ts'

test('ten cents thrice are thirty cents', () => {
  const ledger = new Ledger({ usd: 0.3 })
  for (let n = 0; n < 3; n++) expect(ledger.reserve({ usd: 0.1 })).toBe(true)
  expect(ledger.reserve({ usd: 0.000001 })).toBe(false)
})

test('all that is wanted is set aside, or nothing of it', () => {
  const ledger = new Ledger({ tokens: 10, actions: 1 })
  expect(ledger.reserve({ actions: 1 })).toBe(true)
  expect(ledger.reserve({ tokens: 5, actions: 1 })).toBe(false)
  expect(ledger.reserved).toMatchObject({ tokens: 0, actions: 1 })
})

test.each([{ tokens: -1 }, { usd: Number.NaN }])('%j cannot be spent', (amounts) => {
  expect(() => new Ledger({}).reserve(amounts)).toThrow(/cannot be spent/)
})

test('what has no limit is free', () => {
  expect(new Ledger({ tokens: 1 }).reserve({ usd: 1e6 })).toBe(true)
})

test('whatever is set aside, given back and spent in whatever order, the limit holds', () => {
  const moves = fc.array(fc.record({ wanted: fc.nat(40), used: fc.nat(40), end: fc.nat(5) }), {
    maxLength: 40,
  })
  fc.assert(
    fc.property(fc.nat(100), moves, (limit, list) => {
      const ledger = new Ledger({ tokens: limit })
      const open: { wanted: number; used: number }[] = []
      for (const { wanted, used, end } of list) {
        try {
          if (ledger.reserve({ tokens: wanted })) open.push({ wanted, used: Math.min(wanted, used) })
          else expect(open.length).toBeGreaterThan(0)
        } catch (error) {
          expect(error).toMatchObject({ code: 'BUDGET_EXCEEDED' })
        }
        const [ended] = open.splice(end, 1)
        if (ended) ledger.settle({ tokens: ended.wanted }, { tokens: ended.used })
        const { tokens: spent = 0 } = ledger.spent
        const { tokens: reserved = 0 } = ledger.reserved
        expect(spent + reserved).toBeLessThanOrEqual(limit)
        expect(reserved).toBe(open.reduce((sum, { wanted: amount }) => sum + amount, 0))
      }
    }),
  )
})
