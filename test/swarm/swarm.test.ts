import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { collectGarbage } from '../../bench/collect-garbage.ts'
import { agentId, seededRandom, stepId, VirtualClock } from '../../src/core/index.ts'
import { runGraph, stepGraph } from '../../src/engine/index.ts'
import { AGENT_KINDS, type Agent, mixedCrew, Swarm } from '../../src/swarm/index.ts'

const NEVER = new AbortController().signal

function swarmOf(agents: ConstructorParameters<typeof Swarm>[1]['agents'], flexible = false) {
  const clock = new VirtualClock()
  return { clock, swarm: new Swarm({ clock }, { agents, flexible }) }
}

it('holds 1 to 100 agents, of every kind as soon as there are five, no two with one name', () => {
  for (const count of [0, 101, 2.5, Number.NaN]) {
    expect(() => swarmOf(count)).toThrow(expect.objectContaining({ code: 'SWARM_LIMIT_EXCEEDED' }))
  }
  expect(swarmOf(100).swarm.size).toBe(100)
  expect(new Set(mixedCrew(5).map(({ kind }) => kind))).toEqual(new Set(AGENT_KINDS))
  const twin = { agentId: agentId('a'), kind: 'monitor' } as const
  expect(() => swarmOf([twin, twin])).toThrow('same id')
  expect(() => swarmOf(1).swarm.agent(agentId('x'))).toThrow(
    expect.objectContaining({ code: 'AGENT_NOT_FOUND' }),
  )
})

describe('fan-out', () => {
  it('gives results in the order of the items, failures among them, and loses no sibling', async () => {
    const { clock, swarm } = swarmOf(7)
    const work = async (_agent: Agent, item: number) => {
      await clock.sleep(100 - item)
      if (item % 3 === 0) throw new Error(`item ${item}`)
      return item * 2
    }
    const results = await clock.runUntil(swarm.fanOut('any', [1, 2, 3, 4, 5], work, NEVER))
    expect(results).toMatchObject([
      { ok: true, value: 2 },
      { ok: true, value: 4 },
      { ok: false, error: { code: 'INVARIANT' } },
      { ok: true, value: 8 },
      { ok: true, value: 10 },
    ])
  })

  it('goes to agents of the kind only; where all may take it, to all; where there are none of it, to any', async () => {
    const { clock, swarm } = swarmOf(10)
    const kinds = async (request: Parameters<Swarm['fanOut']>[0]) => {
      const work = async (agent: Agent) => {
        await clock.sleep(10)
        return agent.kind
      }
      const results = await clock.runUntil(swarm.fanOut(request, Array(20).fill(0), work, NEVER))
      return new Set(results.map((result) => result.ok && result.value))
    }
    expect(await kinds('planner')).toEqual(new Set(['planner']))
    expect(await kinds('any')).toEqual(new Set(AGENT_KINDS))
    expect(await kinds({ kind: 'planner', flexible: true })).toEqual(new Set(AGENT_KINDS))
    expect((await swarmOf(1).swarm.fanOut('planner', [1], (agent) => agent.kind, NEVER))[0]).toEqual({
      ok: true,
      value: 'monitor',
    })
  })

  it('a timed-out item is a failure of its own; an abort ends the rest and starts nothing more', async () => {
    const { clock, swarm } = swarmOf(2)
    const controller = new AbortController()
    clock.after(35, () => controller.abort())
    const started: number[] = []
    const work = async (_agent: Agent, ms: number, signal: AbortSignal) => {
      started.push(ms)
      await clock.sleep(ms, signal)
      return ms
    }
    const request = { kind: 'any', timeoutMs: 20 } as const
    const results = await clock.runUntil(
      swarm.fanOut(request, [10, 99, 18, 19, 11, 5], work, controller.signal),
    )
    expect(results.map((result) => (result.ok ? result.value : result.error.code))).toEqual([
      10,
      'TIMEOUT',
      18,
      'CANCELLED',
      'CANCELLED',
      'CANCELLED',
    ])
    expect(started).toEqual([10, 99, 18, 19, 11])
  })

  it('one agent does the same items strictly one after another, in their order', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.nat(30), { maxLength: 30 }), async (items) => {
        const { clock, swarm } = swarmOf(1)
        const log: string[] = []
        const work = async (_agent: Agent, ms: number) => {
          log.push('start')
          await clock.sleep(ms)
          log.push('end')
          return ms
        }
        const results = await clock.runUntil(swarm.fanOut('executor', items, work, NEVER))
        expect(results.map((result) => result.ok && result.value)).toEqual(items)
        expect(log).toEqual(items.flatMap(() => ['start', 'end']))
        expect(clock.now()).toBe(items.reduce((sum, ms) => sum + ms, 0))
        expect(swarm.statistics().busyMs).toBe(clock.now())
      }),
      { numRuns: 40 },
    ))

  it('n agents do it up to n times faster, with the same results and the same sum of work', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 100 }),
        fc.array(fc.nat(30), { minLength: 1, maxLength: 60 }),
        async (size, items) => {
          const { clock, swarm } = swarmOf(size)
          const busy = new Set<string>()
          const work = async (agent: Agent, ms: number) => {
            expect(busy.has(agent.agentId)).toBe(false)
            busy.add(agent.agentId)
            await clock.sleep(ms)
            busy.delete(agent.agentId)
            return ms
          }
          const results = await clock.runUntil(swarm.fanOut('any', items, work, NEVER))
          expect(results.map((result) => result.ok && result.value)).toEqual(items)
          const total = items.reduce((sum, ms) => sum + ms, 0)
          expect(clock.now()).toBeLessThanOrEqual(total / size + Math.max(...items))
          const { busyMs, parallelism, elapsedMs } = swarm.statistics()
          expect(busyMs).toBe(total)
          if (elapsedMs > 0) expect(parallelism).toBeCloseTo(total / elapsedMs)
        },
      ),
      { numRuns: 40 },
    ))
})

it('a paused agent takes no items until it is resumed; the others go on', async () => {
  const { clock, swarm } = swarmOf(2)
  const [first, second] = swarm.agents
  swarm.pause(first?.agentId ?? agentId('none'))
  const work = (agent: Agent) => agent.agentId
  const results = await clock.runUntil(swarm.fanOut('any', [1, 2, 3], work, NEVER))
  expect(results).toEqual(Array(3).fill({ ok: true, value: second?.agentId }))
  swarm.resume(first?.agentId ?? agentId('none'))
  expect(first?.state).toBe('idle')
  expect(await swarm.fanOut('monitor', [1], work, NEVER)).toEqual([{ ok: true, value: first?.agentId }])
})

it('agents are workers of a step graph, beside their fan-outs', async () => {
  const { clock, swarm } = swarmOf(5)
  const step = (id: string, kind: string, after: readonly string[] = []) => ({
    id: stepId(id),
    tool: 'look',
    kind,
    after: after.map(stepId),
    run: async ({ worker }: { readonly worker: Agent }) => {
      await clock.sleep(10)
      return worker.agentId
    },
  })
  const graph = stepGraph<Agent>([step('a', 'monitor'), step('b', 'planner', ['a'])])
  const components = { clock, pool: swarm.pool, random: seededRandom(1) }
  const report = await clock.runUntil(runGraph(graph, components, {}, NEVER))
  expect(report.timeline.map(({ worker }) => worker)).toEqual(['monitor-1', 'planner-1'])
  expect(swarm.statistics()).toMatchObject({ busyMs: 20, elapsedMs: 20, parallelism: 1 })
})

describe('terminate', () => {
  it('stops what runs, refuses what waits and what comes, and leaves every agent terminated', async () => {
    const { clock, swarm } = swarmOf(3)
    const running = new Set<number>()
    const work = async (_agent: Agent, item: number, signal: AbortSignal) => {
      running.add(item)
      await clock.sleep(1000, signal).finally(() => running.delete(item))
    }
    const results = swarm.fanOut('any', [1, 2, 3, 4, 5], work, NEVER)
    await clock.advance(10)
    expect(running.size).toBe(3)
    await Promise.all([swarm.terminate(), swarm.terminate()])
    expect(running.size).toBe(0)
    for (const result of await results)
      expect(result).toMatchObject({ ok: false, error: { code: 'CANCELLED' } })
    expect(swarm.state).toBe('terminated')
    expect(new Set(swarm.agents.map(({ state }) => state))).toEqual(new Set(['terminated']))
    const [late] = await swarm.fanOut('any', [1], work, NEVER)
    expect(late).toMatchObject({ error: { code: 'CANCELLED' } })
    expect(clock.now()).toBe(10)
  })

  it('waits no longer than the grace for a task that ignores its signal', async () => {
    const { clock, swarm } = swarmOf(1)
    const deaf = swarm.fanOut({ kind: 'any', graceMs: 300 }, [1], () => clock.sleep(5000), NEVER)
    await clock.advance(10)
    await clock.runUntil(swarm.terminate())
    expect(clock.now()).toBe(310)
    expect(await deaf).toMatchObject([{ error: { code: 'CANCELLED' } }])
  })

  it('10,000 swarms created and terminated hold no memory', { timeout: 60_000 }, async () => {
    const round = async (count: number) => {
      for (let i = 0; i < count; i++) {
        await using swarm = new Swarm({ clock: new VirtualClock() }, { agents: 10 })
        await swarm.fanOut('any', [1, 2, 3], (_agent, item) => item, NEVER)
      }
      return collectGarbage()
    }
    const before = await round(2000)
    const after = await round(8000)
    // Compiled code and the like: what one swarm held, times 8000, would be far more.
    expect(after - before).toBeLessThan(4 * 2 ** 20)
  })
})
