import { expect, it } from 'vitest'
import { agentId, VirtualClock } from '../../src/core/index.ts'
import { Swarm } from '../../src/swarm/index.ts'

const NEVER = new AbortController().signal

function pair() {
  const clock = new VirtualClock()
  const agents = [
    { agentId: agentId('a'), kind: 'monitor', capabilities: ['probe'] },
    { agentId: agentId('b'), kind: 'executor' },
  ] as const
  const swarm = new Swarm({ clock }, { agents })
  return { clock, swarm, a: swarm.agent(agentId('a')), b: swarm.agent(agentId('b')) }
}

it('does one task at a time in order, whoever asks, and tells how busy it was', async () => {
  const { clock, swarm, a } = pair()
  const log: string[] = []
  const task = (name: string, ms: number) => ({
    run: async () => {
      log.push(`${name} starts`)
      await clock.sleep(ms)
      log.push(`${name} ends`)
    },
  })
  const failing = {
    run: async () => {
      await clock.sleep(5)
      throw new Error('no')
    },
  }
  const work = Promise.allSettled([
    a.executeTask(task('one', 30), NEVER),
    swarm.fanOut('monitor', [1], (agent) => agent.agentId, NEVER),
    a.executeTask(task('two', 10), NEVER),
    a.executeTask(failing, NEVER),
  ])
  await clock.advance(10)
  expect(a.reportStatus()).toMatchObject({ state: 'active', busyMs: 10 })
  await clock.runUntil(work)
  expect(log).toEqual(['one starts', 'one ends', 'two starts', 'two ends'])
  expect(a.reportStatus()).toEqual({
    agentId: 'a',
    kind: 'monitor',
    state: 'idle',
    capabilities: ['probe'],
    tasksDone: 3,
    tasksFailed: 1,
    busyMs: 45,
    waitingLetters: 0,
  })
})

it('a cancelled task rejects with CANCELLED and the agent takes the next', async () => {
  const { clock, a } = pair()
  const controller = new AbortController()
  clock.after(10, () => controller.abort())
  const work = a.executeTask({ run: (_agent, signal) => clock.sleep(1000, signal) }, controller.signal)
  await expect(clock.runUntil(work)).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(await a.executeTask({ run: () => 7 }, NEVER)).toBe(7)
  expect(clock.now()).toBe(10)
})

it.each([
  ['no policy', {}, { timeoutMs: 50 }, 50],
  ['a stricter policy', { timeoutMs: 20 }, { timeoutMs: 50 }, 20],
  ['a looser policy', { timeoutMs: 80 }, { timeoutMs: 50 }, 50],
  ['a policy alone', { timeoutMs: 80 }, {}, 80],
])('stops a task that takes longer than it and its agent allow: %s', async (_, policy, limits, atMs) => {
  const clock = new VirtualClock()
  const swarm = new Swarm({ clock }, { agents: [{ agentId: agentId('a'), kind: 'monitor', policy }] })
  const run = (_: unknown, signal: AbortSignal) => clock.sleep(1000, signal)
  const task = swarm.agent(agentId('a')).executeTask({ ...limits, run }, NEVER)
  await expect(clock.runUntil(task)).rejects.toMatchObject({ code: 'TIMEOUT' })
  expect(clock.now()).toBe(atMs)
})

it.each([
  ['its own', {}, 2000],
  ['a shorter one', { graceMs: 100 }, 100],
  ['a longer one, which is not granted', { graceMs: 9000 }, 2000],
])('gives a task up that goes on after its stop, at the end of the grace: %s', async (_, policy, graceMs) => {
  const clock = new VirtualClock()
  const options = { agentId: agentId('a'), kind: 'monitor', policy: { timeoutMs: 10, ...policy } } as const
  const agent = new Swarm({ clock }, { agents: [options] }).agent(agentId('a'))
  const task = agent.executeTask({ run: () => clock.sleep(60_000) }, NEVER)
  await expect(clock.runUntil(task)).rejects.toMatchObject({ code: 'TIMEOUT' })
  expect(clock.now()).toBe(10 + graceMs)
  expect(agent.state).toBe('error')
})
