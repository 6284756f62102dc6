import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { LabNode } from '../../lab/plan.ts'
import { Prober } from '../../lab/prober.ts'

const START = Date.UTC(2026, 0, 1)
const INTERVAL = 50
/** As long as a packet may still get its answer. */
const GRACE = 1000

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

/**
 * What ping says of one packet every 50 ms from `START`: `.` answered in 1 ms, `x` not answered, `~` answered when
 * ping has already said that it was not.
 */
function pingOutput(pattern: string): string {
  const stamp = (at: number) => `[${(at / 1000).toFixed(6)}]`
  const answer = (seq: number, at: number, rtt: number) =>
    `${stamp(at + rtt)} 64 bytes from fd00::2: icmp_seq=${seq} ttl=64 time=${rtt} ms`
  const lines = [...pattern].map((mark, index) => {
    const at = START + index * INTERVAL
    return mark === '.'
      ? answer(index + 1, at, 1)
      : `${stamp(at + INTERVAL)} no answer yet for icmp_seq=${index + 1}`
  })
  const late = [...pattern].flatMap((mark, index) =>
    mark === '~' ? [answer(index + 1, START + index * INTERVAL, 300)] : [],
  )
  return [...lines, ...late, ''].join('\n')
}

/** A prober that has read all of it, and the time since `START`, which only the test moves. */
async function proberOf(pattern: string) {
  const dir = mkdtempSync(join(tmpdir(), 'msp-'))
  closers.push(() => rmSync(dir, { recursive: true }))
  writeFileSync(join(dir, 'output'), pingOutput(pattern))
  writeFileSync(join(dir, 'nsenter'), `#!/bin/sh\ncat ${dir}/output\nexec sleep 60\n`)
  chmodSync(join(dir, 'nsenter'), 0o755)
  vi.stubEnv('PATH', `${dir}:${process.env.PATH}`)
  vi.useFakeTimers({ toFake: ['Date'], now: START })
  const node = { netns: 'nowhere', address: 'fd00::2' } as LabNode
  const prober = Prober.start(node, node, { intervalMs: INTERVAL })
  closers.push(() => prober.stop())
  const answers = pattern.replaceAll('x', '').length
  await vi.waitFor(() => {
    expect(prober.packets).toHaveLength(pattern.length)
    expect(prober.packets.filter(({ answered }) => answered)).toHaveLength(answers)
  }, 10_000)
  return (sinceStart: number) => {
    vi.setSystemTime(START + sinceStart)
    const { healedAt, brokenAt, ...rest } = prober.report({ onset: START })
    const since = (at: number | undefined) => (at === undefined ? undefined : Math.round(at - START))
    return { ...rest, brokenAt: since(brokenAt), healedAt: since(healedAt) }
  }
}

describe('a packet whose answer is still awaited', () => {
  // Lost at 0, 50 and 100; answered from 150 but for the one at 350.
  const pattern = 'xxx....x......'
  const awaited = 7 * INTERVAL
  const healed = 8 * INTERVAL

  it('ends the run of answers before it, and what comes after it does not count yet', async () => {
    const report = await proberOf(pattern)
    expect(report(awaited + GRACE)).toMatchObject({
      brokenAt: 0,
      healedAt: undefined,
      censored: true,
      lost: 3,
    })
  })

  it('is lost when its time is over: then it healed with the run after it', async () => {
    const report = await proberOf(pattern)
    expect(report(awaited + GRACE + 1)).toMatchObject({ brokenAt: 0, healedAt: healed, lost: 4 })
  })

  it('is one of the run when its answer has come after all', async () => {
    const report = await proberOf(pattern.replace('.x.', '.~.'))
    expect(report(awaited + GRACE)).toMatchObject({ brokenAt: 0, healedAt: 3 * INTERVAL, lost: 3 })
  })

  it('does not take back what healed before it', async () => {
    const report = await proberOf('xxx.....x')
    expect(report(2 * INTERVAL + GRACE + 1)).toMatchObject({ healedAt: 3 * INTERVAL, lost: 3, sent: 8 })
  })

  it('is no outage by itself', async () => {
    const report = await proberOf('....x.....')
    expect(report(4 * INTERVAL + GRACE)).toMatchObject({ brokenAt: undefined, outageMs: 0, lost: 0 })
  })
})
