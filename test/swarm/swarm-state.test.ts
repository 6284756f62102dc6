import { expect, it } from 'vitest'
import { VirtualClock } from '../../src/core/index.ts'
import { SWARM_TRANSITIONS, Swarm, type SwarmState } from '../../src/swarm/index.ts'

const STATES = Object.keys(SWARM_TRANSITIONS) as SwarmState[]
const NEVER = new AbortController().signal

/** A swarm brought into the state, and what would bring one into each. */
async function swarmIn(state: SwarmState) {
  const clock = new VirtualClock()
  const swarm = new Swarm({ clock }, { agents: 1 })
  if (state === 'paused') swarm.pauseAll()
  // One whose last task takes a moment to stop.
  if (state === 'terminating')
    void swarm.fanOut({ kind: 'any', graceMs: 1000 }, [0], () => clock.sleep(500), NEVER)
  await clock.advance(1)
  const ending = state.startsWith('terminat') ? swarm.terminate() : undefined
  if (state === 'terminated' && ending) await clock.runUntil(ending)
  expect(swarm.state).toBe(state)
  const ways: Readonly<Record<SwarmState, () => unknown>> = {
    active: () => swarm.resumeAll(),
    paused: () => swarm.pauseAll(),
    terminating: () => void swarm.terminate(),
    terminated: () => clock.runUntil(swarm.terminate()),
  }
  return { swarm, clock, ways }
}

it.each(STATES.flatMap((from) => STATES.map((to) => [from, to] as const)))(
  'a swarm goes from %s to %s if and only if a way leads there, and stays where it was otherwise',
  async (from, to) => {
    const { swarm, ways } = await swarmIn(from)
    // Its end comes by itself after the beginning of its end.
    const allowed = SWARM_TRANSITIONS[from].includes(to) || (to === 'terminated' && from !== 'terminated')
    let refused: unknown
    try {
      await ways[to]()
    } catch (error) {
      refused = error
    }
    if (allowed) expect([swarm.state, refused]).toEqual([to, undefined])
    else {
      expect(swarm.state).toBe(from)
      // To stay where one is, or to end what has ended, is no error.
      const idle = from === to || (to.startsWith('terminat') && from.startsWith('terminat'))
      expect(refused).toEqual(idle ? undefined : expect.objectContaining({ code: 'CONFLICT' }))
    }
  },
)

it('leads from every state to the end', () => {
  const reached = new Set<SwarmState>(['terminated'])
  for (const _ of STATES)
    for (const state of STATES)
      if (SWARM_TRANSITIONS[state].some((next) => reached.has(next))) reached.add(state)
  expect(reached).toEqual(new Set(STATES))
})
