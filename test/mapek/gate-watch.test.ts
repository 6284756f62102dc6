// The rule: each change of the nodes' gate is told once, and nobody is said to be free again because it cannot be told.
import { expect, test } from 'vitest'
import { storyLine } from '../../src/cli/index.ts'
import { agentId, Channel, incidentId, VirtualClock } from '../../src/core/index.ts'
import { GateWatch } from '../../src/mapek/gate-watch.ts'
import { explain, type HealEvent, listIncidents, type Mode } from '../../src/mapek/index.ts'
import type { GateState, MeshChange, Suspension } from '../../src/mesh/index.ts'
import { Swarm } from '../../src/swarm/index.ts'

const found = (id: string, ...suspended: string[]): Suspension => ({
  ...{ id: incidentId(id), title: `${id} asks`, openedAt: 5, suspended },
  ...{ agents: [agentId('executor-1')], evidence: ['8 of 8'] },
})
const state = (rest: Partial<GateState> = {}): GateState => ({
  session: 's',
  epoch: 1,
  suspensions: [],
  ...rest,
})

function open(mode: Mode = 'heal', agents = 10, record?: (event: HealEvent) => void) {
  const clock = new VirtualClock()
  const changes = new Channel<MeshChange>({ capacity: 100, overflow: 'fail' })
  const events: HealEvent[] = []
  const swarm = new Swarm({ clock }, { agents, flexible: true })
  let gate: GateState | undefined = state()
  const watch = new GateWatch(
    {
      driver: { gate: async () => gate, watch: () => changes },
      record: record ?? ((event) => events.push(event)),
      crew: swarm.pool,
    },
    { mode },
  )
  return {
    ...{ events, pool: swarm.pool, watch },
    first: (next: GateState | undefined) => {
      gate = next
    },
    /** What the gate says one after the other, to its end. */
    hear: async (...states: GateState[]) => {
      for (const next of states) changes.push({ kind: 'gate', gate: next, at: 0 })
      changes.push({ kind: 'routes', node: 'n1' as never, at: 0 })
      changes.close()
      await watch.run(new AbortController().signal)
      return events
    },
  }
}

test('what stands at the start is told, a mesh without a gate has nothing to tell', async () => {
  const bench = open()
  bench.first(state({ closed: 'halted', suspensions: [found('v1', 'agent executor-1')] }))
  expect(await bench.hear()).toMatchObject([
    { kind: 'gate', closed: 'halted', epoch: 1 },
    { kind: 'suspension', incident: 'v1', suspended: ['agent executor-1'] },
  ])
  const none = open()
  none.first(undefined)
  expect(await none.hear(state({ closed: 'halted' }))).toEqual([])
})

test('a suspension is told once, and its lift; an alarm that goes may have made room', async () => {
  const [one, alarm] = [found('v1', 'agent executor-1', 'token t'), found('v2')]
  const bench = open()
  const events = await bench.hear(
    state({ suspensions: [one] }),
    state({ suspensions: [one, alarm] }),
    state({ closed: 'no-root', suspensions: undefined }),
    state({ suspensions: [one] }),
    state(),
  )
  expect(events.map((event) => [event.kind, 'incident' in event && event.incident])).toEqual([
    ['suspension', 'v1'],
    ['suspension', 'v2'],
    ['gate', false],
    ['gate', false],
    ['lifted', 'v1'],
  ])
  const stamped = events.map((event, seq) => ({ ...event, at: seq * 1000, seq }))
  expect(listIncidents(stamped)).toMatchObject([
    { incident: 'v1', outcome: 'lifted', openedAt: 5 },
    { incident: 'v2', outcome: 'alarm' },
  ])
  const story = explain(stamped, incidentId('v1'))
  expect(story).toContain('suspended: v1 asks')
  expect(story).toContain('no-root: nothing is changed until')
  expect(story).toContain('lifted by a person')
  expect(stamped.map((event) => storyLine(event)?.slice(13, 22).trim())).toEqual([
    'SUSPENDED',
    'ALARM',
    'CLOSED',
    'OPEN',
    'LIFTED',
  ])
})

test('outside of the mode heal only what was found is told', async () => {
  const suspensions = [found('v1', 'agent executor-1')]
  const events = await open('advise').hear(
    state({ closed: 'no-root' }),
    state({ closed: 'stale', suspensions }),
  )
  expect(events.map(({ kind }) => kind)).toEqual(['suspension'])
})

test('a suspended agent gets no work until it is lifted; the last one goes on watching', async () => {
  const bench = open('heal', 2)
  await bench.hear(state({ suspensions: [found('v1', 'agent executor-1'), found('v2', 'agent other')] }))
  expect(bench.pool.capacity).toBe(1)
  const both = open('heal', 2)
  await both.hear(state({ suspensions: [found('v1', 'agent executor-1', 'agent monitor-1')] }))
  expect(both.pool.capacity).toBe(1)
  const freed = open('heal', 2)
  await freed.hear(state({ suspensions: [found('v1', 'agent executor-1')] }), state())
  expect(freed.pool.capacity).toBe(2)
})

test('where the journal cannot be written the watch ends', async () => {
  const bench = open('heal', 2, () => {
    throw new Error('disk full')
  })
  await expect(bench.hear(state({ closed: 'halted' }))).rejects.toThrow('disk full')
})
