// The rule: a round of probes does not wait for the packets of the one before, and rounds are judged in their order.
import { describe, expect, test } from 'vitest'
import { nodeId, RealClock } from '../../src/core/index.ts'
import { HealthBook } from '../../src/mapek/health/health-book.ts'
import { PairHealth } from '../../src/mapek/health/pair-health.ts'
import { pairProbes } from '../../src/mapek/health/probe-plan.ts'
import { Monitor } from '../../src/mapek/monitor.ts'
import { DEFAULT_MAPEK_OPTIONS } from '../../src/mapek/options.ts'
import type { MapekComponents } from '../../src/mapek/ports.ts'
import { type ProbeRequest, type ProbeResult, unknown } from '../../src/mesh/index.ts'
import { meshOf } from './mesh.ts'
import { oneAgent } from './workforce.ts'

const OPTIONS = DEFAULT_MAPEK_OPTIONS
const never = new AbortController().signal
const mesh = meshOf('a-b b-c c-a')

/** A monitor whose probes are answered when the test says so. */
function setUp() {
  const waiting: { requests: readonly ProbeRequest[]; answer: (results: readonly ProbeResult[]) => void }[] =
    []
  const probe = (requests: readonly ProbeRequest[]) =>
    new Promise<readonly ProbeResult[]>((answer) => waiting.push({ requests, answer }))
  const eyes = { snapshot: async () => mesh, probe } as unknown as MapekComponents['eyes']
  const book = new HealthBook(OPTIONS)
  const quarantines = { drainedNodes: () => new Set<never>() }
  const parts = {
    eyes,
    workforce: oneAgent,
    clock: new RealClock(),
    record: () => undefined,
    book,
    quarantines,
  }
  const monitor = new Monitor(parts, OPTIONS)
  /** Answers the probes of that round: all of them arrived, or none. */
  const answer = (round: number, arrived: boolean) => {
    const { requests = [], answer: give } = waiting[round] ?? {}
    give?.(
      requests.map((request) => ({
        ...{ request, source: 'simulated', sent: request.count, received: arrived ? request.count : 0 },
        delayMs: unknown('not measured'),
      })),
    )
  }
  return { monitor, book, answer, sent: () => waiting.length }
}

describe('rounds of probes', () => {
  test('go out while others are still on their way', async () => {
    const { monitor, sent } = setUp()
    const rounds = [await monitor.begin(never), await monitor.begin(never), await monitor.begin(never)]
    expect(sent()).toBe(3)
    expect(rounds.every(({ probes }) => probes > 0)).toBe(true)
  })

  test('are judged in the order in which they were sent, whichever comes in first', async () => {
    const { monitor, answer } = setUp()
    const judged: number[] = []
    for (const round of [0, 1]) {
      const { judged: done } = await monitor.begin(never)
      void done.then(() => judged.push(round))
    }
    answer(1, true)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(judged).toEqual([])
    answer(0, true)
    await expect.poll(() => judged).toEqual([0, 1])
  })

  test('that lost everything make a dead link, though none waited for another', async () => {
    const { monitor, answer } = setUp()
    const rounds = []
    for (let round = 0; round < OPTIONS.deadTicks; round += 1) rounds.push(await monitor.begin(never))
    for (let round = OPTIONS.deadTicks - 1; round >= 0; round -= 1) answer(round, false)
    const last = await rounds.at(-1)?.judged
    const links = last?.symptoms.flatMap((symptom) => (symptom.kind === 'link' ? [symptom.link] : []))
    expect(links?.sort()).toEqual([...mesh.links.keys()].sort())
  })
})

describe('a watched pair', () => {
  const pair = () => new PairHealth(nodeId('a'), nodeId('c'), OPTIONS.windowTicks, 0)
  const countOf = (one: PairHealth) => pairProbes([one], OPTIONS)[0]?.count

  test('is probed with more packets where some were lost on its present path', () => {
    const losing = pair()
    expect(countOf(losing)).toBe(1)
    losing.window.add(1, 1, 0)
    losing.window.add(1, 0, 200)
    expect(countOf(losing)).toBeGreaterThan(1)
    losing.follow([nodeId('a'), nodeId('b'), nodeId('c')], 400)
    expect(countOf(losing)).toBe(1)
  })

  test('that answers nothing at all needs no more packets to be believed', () => {
    const dead = pair()
    for (let tick = 0; tick < 3; tick += 1) dead.window.add(1, 1, tick)
    expect(countOf(dead)).toBe(1)
  })
})
