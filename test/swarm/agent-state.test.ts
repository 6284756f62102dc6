import { expect, it } from 'vitest'
import { agentId, swarmId, VirtualClock } from '../../src/core/index.ts'
import { AGENT_TRANSITIONS, Agent, type AgentState, canBecome, PostOffice } from '../../src/swarm/index.ts'

const NEVER = new AbortController().signal
const STATES = Object.keys(AGENT_TRANSITIONS) as AgentState[]

/** An agent brought into each state that lasts, and a look at where it is. */
async function agentIn(state: AgentState) {
  const clock = new VirtualClock()
  const post = new PostOffice({ clock }, { swarm: swarmId('red') })
  const agent = new Agent({ clock, post }, { agentId: agentId('a'), kind: 'monitor' })
  const work = (graceMs: number, run: () => Promise<void>) =>
    agent.executeTask({ timeoutMs: 10, graceMs, run }, NEVER).catch(() => undefined)
  if (state === 'active' || state === 'terminating') void work(1000, () => clock.sleep(500))
  if (state === 'error') void work(5, () => clock.sleep(500))
  if (state === 'paused') agent.pause()
  await clock.advance(100)
  if (state === 'terminating') void agent.terminate()
  if (state === 'terminated') await agent.terminate()
  return { agent, clock }
}

it.each(STATES.flatMap((from) => STATES.map((to) => [from, to] as const)))(
  'the table has an entry for %s to %s, no state leads to itself or back to the start',
  (from, to) => {
    expect(canBecome(from, to)).toBe(AGENT_TRANSITIONS[from].includes(to))
    if (from === to || to === 'initializing' || from === 'terminated') expect(canBecome(from, to)).toBe(false)
  },
)

it('every state but the end leads to the end', () => {
  for (const state of STATES) {
    if (state === 'terminated') continue
    expect(canBecome(state, state === 'terminating' ? 'terminated' : 'terminating')).toBe(true)
  }
})

it.each(STATES.filter((state) => state !== 'initializing'))(
  'an agent in state %s survives every call, twice, and can be terminated',
  async (state) => {
    const { agent, clock } = await agentIn(state)
    expect(agent.state).toBe(state)
    for (const call of [() => agent.pause(), () => agent.resume()]) {
      call()
      call()
    }
    const ends = [agent.terminate(), agent.terminate()]
    await clock.advance(2000)
    await Promise.all(ends)
    expect(agent.state).toBe('terminated')
    const late = agent.executeTask({ run: () => 1 }, NEVER)
    await expect(late).rejects.toMatchObject({ code: 'CANCELLED' })
  },
)

it('an agent whose task was given up is in error until that has ended, then takes the next', async () => {
  const { agent, clock } = await agentIn('error')
  const next = agent.executeTask({ run: () => clock.now() }, NEVER)
  await clock.advance(300)
  expect(agent.state).toBe('error')
  expect(await clock.runUntil(next)).toBe(500)
  expect(agent.state).toBe('idle')
})

it('a pause waits for the present task, holds the next one back, and ends with resume', async () => {
  const { agent, clock } = await agentIn('idle')
  const first = agent.executeTask({ run: () => clock.sleep(50) }, NEVER)
  const second = agent.executeTask({ run: () => clock.now() }, NEVER)
  await clock.advance(10)
  agent.pause()
  expect(agent.state).toBe('active')
  await clock.runUntil(first)
  await clock.advance(1000)
  expect(agent.state).toBe('paused')
  agent.resume()
  expect(await clock.runUntil(second)).toBe(1150)
})
