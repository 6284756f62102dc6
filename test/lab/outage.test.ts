import { describe, expect, it } from 'vitest'
import { outageOf, type Packet } from '../../lab/outage.ts'

/** One packet every 50 ms from 0; `.` answered, `x` lost. */
function packets(pattern: string): Packet[] {
  return [...pattern].map((mark, index) => ({
    sentAt: index * 50,
    answered: mark === '.',
    rttMs: mark === '.' ? 1 : undefined,
  }))
}

describe('an outage lasts from the onset to the first of N answers in a row', () => {
  it('counts from the onset, not from the first lost packet', () => {
    const report = outageOf(packets('....xxxx.....'), { onset: 100 })
    expect(report).toMatchObject({ brokenAt: 200, healedAt: 400, outageMs: 300, lost: 4, censored: false })
  })

  it('an answer among losses does not heal', () => {
    const report = outageOf(packets('xx..xx....x.....'), { onset: 0 })
    expect(report).toMatchObject({ healedAt: 550, lost: 5 })
  })

  it('what never healed is censored, with the time that it was watched', () => {
    const report = outageOf(packets('..xxxxx...'), { onset: 0 })
    expect(report).toMatchObject({ healedAt: undefined, outageMs: 450, censored: true })
  })

  it('no loss is no outage', () => {
    const report = outageOf(packets('......'), { onset: 0 })
    expect(report).toMatchObject({ brokenAt: undefined, outageMs: 0, lost: 0, lossAtEnd: 0, censored: false })
  })

  it('losses before the onset do not count', () => {
    expect(outageOf(packets('xxx.....'), { onset: 150 })).toMatchObject({ lost: 0, outageMs: 0 })
  })
})
