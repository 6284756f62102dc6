// The rule: a swarm does its task with its own agents, and nothing of it is left when it is over.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { entropySeed, RealClock, randomIds, seededRandom, stepId, swarmId } from '../../src/core/index.ts'
import { BlobRef, EmbeddedBackend, type TaskInput, type Tool } from '../../src/engine/index.ts'
import { SwarmOrchestrator, type SwarmOrchestratorOptions } from '../../src/swarm/index.ts'

const clock = new RealClock()
const random = seededRandom(1)
const ids = randomIds(seededRandom(entropySeed()))
const never = new AbortController().signal

let directory = ''
let open: { close(): Promise<void> }[] = []
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'meshswarm-orchestrator-'))
  open = []
})
afterEach(async () => {
  for (const one of open) await one.close()
  rmSync(directory, { recursive: true, force: true })
})

async function orchestrator(tools: readonly Tool[], options: SwarmOrchestratorOptions = {}) {
  const backend = await EmbeddedBackend.open({ clock, ids }, { file: join(directory, 'swarm.db') })
  const byName = new Map(tools.map((tool) => [tool.name, tool]))
  const opened = new SwarmOrchestrator({ backend, clock, random, ids, tools: byName }, options)
  open.unshift(opened, backend)
  return opened
}

const nap = (ms: number): Tool => ({
  name: 'nap',
  idempotent: true,
  run: async ({ step }, signal) => {
    await clock.sleep(ms, signal)
    return step
  },
})
const many = (count: number): TaskInput => ({
  steps: Array.from({ length: count }, (_, n) => ({ id: `s${n}`, tool: 'nap' })),
})

/** Does nothing until it is let go, and tells how many wait. */
function held() {
  const gate = Promise.withResolvers<void>()
  let begun = 0
  const tool: Tool = {
    name: 'nap',
    idempotent: true,
    run: async (_, signal) => {
      begun += 1
      const stopped = new Promise<never>((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
      )
      await Promise.race([gate.promise, stopped])
      return null
    },
  }
  const until = async (count: number) => {
    while (begun < count) await clock.sleep(2)
  }
  return { tool, until, begun: () => begun, go: () => gate.resolve() }
}

describe('a swarm', () => {
  test('tells the value of a step, however large', async () => {
    const large = 'x'.repeat(100_000)
    const swarms = await orchestrator([{ name: 'make', run: () => large }])
    const id = await swarms.createSwarm({ task: { steps: [{ id: 'a', tool: 'make' }] }, agents: 1 })
    const { values } = await swarms.coordinateAgents(id, {}, never)
    expect(values).toEqual({ a: expect.any(BlobRef) })
    expect((await swarms.value(id, stepId('a'))) === large).toBe(true)
  })

  test('does its task with its own agents, many at a time', async () => {
    const gate = held()
    const swarms = await orchestrator([gate.tool])
    const [one, other] = [
      await swarms.createSwarm({ task: many(40), agents: 20 }),
      await swarms.createSwarm({ task: many(10), agents: 3 }),
    ]
    const coordinating = Promise.all([one, other].map((id) => swarms.coordinateAgents(id, {}, never)))
    // All of them at once, and nobody else.
    await gate.until(23)
    gate.go()
    const reports = await coordinating
    expect(reports.map(({ outcome }) => outcome)).toEqual(['succeeded', 'succeeded'])
    const [first, second] = reports
    expect(new Set(first?.timeline.map(({ worker }) => worker)).size).toBe(20)
    const agents = new Set(swarms.swarm(other).agents.map(({ id }) => id))
    expect(second?.timeline.every(({ worker }) => agents.has(worker))).toBe(true)
    const busy = swarms
      .swarm(one)
      .statistics()
      .agents.reduce((sum, { tasksDone }) => sum + tasksDone, 0)
    expect(busy).toBe(40)
  })

  test('has sub-agents in swarms of their own, which are gone when their step is done', async () => {
    const { tool, until, go } = held()
    const swarms = await orchestrator([tool])
    const steps = [{ id: 'x', tool: 'nap' }]
    const step = { id: 'sub', tool: 'agent', budget: { agents: 3, steps: 1 }, task: { agents: 3, steps } }
    const id = await swarms.createSwarm({ task: { steps: [step] }, agents: 1 })
    const coordinating = swarms.coordinateAgents(id, {}, never)
    await until(1)
    expect(swarms.swarm(swarmId(`${id}/sub`)).size).toBe(3)
    go()
    expect((await coordinating).outcome).toBe('succeeded')
    expect(swarms.swarms.map(({ swarmId: one }) => one)).toEqual([id])
  })

  test('paused takes nothing new, and goes on when resumed', async () => {
    const { tool, until, begun, go } = held()
    const swarms = await orchestrator([tool])
    const id = await swarms.createSwarm({ task: many(9), agents: 3 })
    const running = swarms.coordinateAgents(id, {}, never)
    await until(3)
    swarms.swarm(id).pauseAll()
    go()
    await clock.sleep(50)
    expect(begun()).toBe(3)
    expect(swarms.swarm(id).state).toBe('paused')
    swarms.swarm(id).resumeAll()
    expect((await running).outcome).toBe('succeeded')
    expect(begun()).toBe(9)
  })

  test('grows and shrinks while it works', async () => {
    const { tool, until, go } = held()
    const swarms = await orchestrator([tool])
    const id = await swarms.createSwarm({ task: many(30), agents: 2 })
    const running = swarms.coordinateAgents(id, {}, never)
    await until(2)
    const swarm = swarms.swarm(id)
    await swarm.scale(8)
    await until(8)
    expect(swarm.size).toBe(8)
    const shrinking = swarm.scale(1)
    await expect(swarm.scale(2)).rejects.toMatchObject({ code: 'SCALING_IN_PROGRESS' })
    await expect(swarm.scale(0)).rejects.toMatchObject({ code: 'SWARM_LIMIT_EXCEEDED' })
    go()
    await shrinking
    expect(swarm.size).toBe(1)
    expect((await running).outcome).toBe('succeeded')
  })

  test('terminated stops what it is at, and leaves nothing but what it has done', async () => {
    const { tool, until } = held()
    const swarms = await orchestrator([tool])
    const id = await swarms.createSwarm({ task: many(5), agents: 3 })
    const running = swarms.coordinateAgents(id, {}, never)
    await until(3)
    const { agents } = swarms.swarm(id)
    await swarms.terminateSwarm(id)
    expect((await running).outcome).toBe('cancelled')
    expect(new Set(agents.map(({ state }) => state))).toEqual(new Set(['terminated']))
    expect(swarms.swarms).toEqual([])
    await expect(swarms.terminateSwarm(id)).rejects.toMatchObject({ code: 'SWARM_NOT_FOUND' })
    await expect(swarms.coordinateAgents(id, {}, never)).rejects.toMatchObject({ code: 'SWARM_NOT_FOUND' })
    expect((await swarms.status(id)).state).toBe('cancelled')
    expect(await swarms.recover()).toEqual([])
  })
})

describe('what was interrupted', () => {
  test('is told at the next start, and done by new agents', async () => {
    const { tool, until } = held()
    const before = await orchestrator([tool])
    const id = await before.createSwarm({ task: many(5), agents: 2 })
    const stop = new AbortController()
    const running = before.coordinateAgents(id, {}, stop.signal)
    await until(2)
    await expect(before.coordinateAgents(id, {}, never)).rejects.toMatchObject({ code: 'CONFLICT' })
    stop.abort()
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(await before.recover()).toEqual([])
    const again = expect(before.coordinateAgents(id, {}, never)).rejects.toMatchObject({ code: 'CANCELLED' })
    await until(4)
    // What was under way, and what waited for an agent, has not failed by that.
    await before.close()
    await again

    const after = await orchestrator([nap(1)])
    const [lost] = await after.recover()
    expect(lost).toMatchObject({ swarm: id, state: 'unfinished', counts: { steps: 5 } })
    await after.adopt(id, 4)
    await expect(after.adopt(id)).rejects.toMatchObject({ code: 'CONFLICT' })
    expect((await after.coordinateAgents(id, {}, never)).outcome).toBe('succeeded')
    await expect(after.adopt(swarmId('nobody'))).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' })
  })
})

describe('what is refused leaves nothing behind:', () => {
  test.each([
    [
      'a task that waits for itself',
      { task: { steps: [{ id: 'a', tool: 'nap', after: ['a'] }] } },
      'INVALID_INPUT',
    ],
    ['too many agents', { task: many(1), agents: 101 }, 'SWARM_LIMIT_EXCEEDED'],
    ['a budget for less', { task: { ...many(2), budget: { steps: 1 } } }, 'BUDGET_EXCEEDED'],
  ])('%s', async (_, input, code) => {
    const swarms = await orchestrator([nap(1)])
    await expect(swarms.createSwarm(input)).rejects.toMatchObject({ code })
    expect(swarms.swarms).toEqual([])
    expect(await swarms.recover()).toEqual([])
  })

  test('one swarm more than there may be', async () => {
    const swarms = await orchestrator([nap(1)], { maxSwarms: 2 })
    const [first] = [await swarms.createSwarm({ task: many(1) }), await swarms.createSwarm({ task: many(1) })]
    await expect(swarms.createSwarm({ task: many(1) })).rejects.toMatchObject({
      code: 'INSUFFICIENT_RESOURCES',
    })
    if (first) await swarms.terminateSwarm(first)
    await swarms.createSwarm({ task: many(1) })
  })
})
