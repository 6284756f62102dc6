import { expect, it } from 'vitest'
import { agentId, VirtualClock } from '../../src/core/index.ts'
import { Mailbox, Swarm } from '../../src/swarm/index.ts'

const NEVER = new AbortController().signal

function pair(capacity?: number) {
  const clock = new VirtualClock()
  const agents = [
    { agentId: agentId('a'), kind: 'monitor', capabilities: ['probe'] },
    { agentId: agentId('b'), kind: 'executor' },
  ] as const
  const swarm = new Swarm({ clock }, { agents, ...(capacity && { mailbox: { capacity } }) })
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

it('letters arrive in the order of each sender, with who, when and which', async () => {
  const { clock, a, b } = pair()
  for (const n of [1, 2]) {
    await a.communicate(b.agentId, n)
    await clock.advance(5)
  }
  await b.communicate(b.agentId, 'to myself')
  expect(b.reportStatus().waitingLetters).toBe(3)
  const letters = [
    await b.mailbox.receive(NEVER),
    await b.mailbox.receive(NEVER),
    await b.mailbox.receive(NEVER),
  ]
  expect(letters).toEqual([
    { from: 'a', to: 'b', seq: 1, at: 0, body: 1 },
    { from: 'a', to: 'b', seq: 2, at: 5, body: 2 },
    { from: 'b', to: 'b', seq: 1, at: 10, body: 'to myself' },
  ])
})

it('a full mailbox refuses, and a refused letter takes no number; a stranger has none', async () => {
  const { a, b } = pair(2)
  await a.communicate(b.agentId, 1)
  await a.communicate(b.agentId, 2)
  await expect(a.communicate(b.agentId, 3)).rejects.toMatchObject({ code: 'INSUFFICIENT_RESOURCES' })
  await b.mailbox.receive(NEVER)
  await a.communicate(b.agentId, 3)
  await b.mailbox.receive(NEVER)
  expect(await b.mailbox.receive(NEVER)).toMatchObject({ seq: 3, body: 3 })
  await expect(a.communicate(agentId('x'), 1)).rejects.toMatchObject({ code: 'AGENT_NOT_FOUND' })
})

it('after the end a mailbox takes nothing; what waits can be read, then comes the end', async () => {
  const { a, b } = pair()
  await a.communicate(b.agentId, 'last')
  await b.terminate()
  await expect(a.communicate(b.agentId, 'late')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  const bodies: unknown[] = []
  for await (const { body } of b.mailbox) bodies.push(body)
  expect(bodies).toEqual(['last'])
})

it('a reader that is cancelled loses no letter', async () => {
  const box = new Mailbox(agentId('b'))
  const controller = new AbortController()
  const read = box.receive(controller.signal)
  controller.abort()
  await expect(read).rejects.toMatchObject({ code: 'CANCELLED' })
  box.deliver(agentId('a'), 'hello', 1)
  expect(await box.receive(NEVER)).toMatchObject({ body: 'hello' })
})
