// The rule: whoever watches a swarm hears that one of its agents was suspended; the others go on without it.
import { expect, test } from 'vitest'
import { DrillAuthority } from '../../lab/drill/drill-authority.ts'
import { supervise } from '../../lab/drill/supervise.ts'
import { runTrial } from '../../lab/drill/trial.ts'
import { communityTopology, simField } from '../../lab/sim/index.ts'
import { storyLine } from '../../src/cli/index.ts'
import { agentId, nodeId, seededRandom, sequentialIds, VirtualClock } from '../../src/core/index.ts'
import { explain, listIncidents, type StampedHealEvent } from '../../src/mapek/index.ts'
import { SimDriver, SimMesh, SimTwin } from '../../src/mesh/index.ts'
import {
  BiscuitEngine,
  CapabilityManager,
  keyPair,
  SwarmAuthority,
  signEpoch,
  signLift,
} from '../../src/security/index.ts'

const NODES = 40
const ROGUE = agentId('executor-1')
const never = new AbortController().signal

async function onMesh<T>(body: (bench: Awaited<ReturnType<typeof open>>) => Promise<T>): Promise<T> {
  const clock = new VirtualClock({ startAt: Date.UTC(2026, 0, 1) })
  return clock.runUntil(
    (async () => {
      const bench = await open(clock)
      try {
        return await body(bench)
      } finally {
        await bench.close()
      }
    })(),
  )
}

async function open(clock: VirtualClock) {
  const random = seededRandom(7)
  const topology = communityTopology(random.fork('community'), { nodes: NODES })
  const mesh = new SimMesh({ random }, { topology, converged: true, startAt: clock.now() })
  const field = simField(mesh, clock)
  const root = keyPair()
  const drill = new DrillAuthority(clock, { root })
  const driver = new SimDriver({ mesh, clock, gate: await drill.simGate(mesh) })
  const { authority } = await drill.command(driver, NODES, never)
  const swarm = await supervise({ driver, clock, twin: new SimTwin(), authority }, { mode: 'heal' })
  const engine = new BiscuitEngine({ clock })
  const [manager, ids] = [new CapabilityManager({ engine, clock, root }), sequentialIds()]
  const narrow = new SwarmAuthority({ clock, manager, ids }, { nodes: [nodeId('none')], blastRadius: 1 })
  const story = <K extends StampedHealEvent['kind']>(kind: K) =>
    swarm.events.filter((event): event is Extract<StampedHealEvent, { kind: K }> => event.kind === kind)
  return {
    ...{ clock, driver, root, swarm, story },
    /** Asks for one node after the other that its capability does not cover. */
    turn: async () => {
      for (let tries = 0; tries < 12 && story('suspension').length === 0; tries++) {
        const nodes = [nodeId(`x${tries}`)]
        const prover = narrow.prover(ROGUE, { operation: 'hasten', nodes, forMs: 100 })
        await expect(driver.hasten(nodes, 100, never, prover)).rejects.toMatchObject({
          code: 'ACTION_DENIED',
        })
        await clock.sleep(100)
      }
    },
    breakLink: () => {
      const own = { random: random.fork('fault'), events: () => swarm.events }
      const watch = { limitMs: 25_000, afterMs: 4000 }
      return runTrial(field, { fault: 'silent-cut' }, own, watch, never)
    },
    close: async () => {
      await swarm.stop()
      await engine.close()
      await drill.close()
      await driver.close()
    },
  }
}

test('a rogue agent is suspended, the journal says so and why, and the others heal', async () => {
  const { result, events, capacity } = await onMesh(async ({ clock, swarm, turn, breakLink }) => {
    await clock.sleep(3000)
    await turn()
    const result = await breakLink()
    return { result, events: [...swarm.events], capacity: swarm.session.swarm.pool.capacity }
  })
  const suspension = events.find((event) => event.kind === 'suspension')
  expect(suspension).toMatchObject({
    title: `agent ${ROGUE} asks for what no capability of it covers`,
    suspended: [`agent ${ROGUE}`, expect.stringContaining('token ')],
    agents: [ROGUE],
    evidence: [expect.stringContaining('different nodes asked for were out of scope')],
  })
  if (suspension?.kind !== 'suspension') throw new Error('none')
  const { incident } = suspension
  expect(storyLine(suspension)).toMatch(
    new RegExp(`SUSPENDED agent ${ROGUE} asks for what .* \\(${incident}\\): \\d+ of \\d+ different nodes`),
  )
  expect(listIncidents(events)).toContainEqual(expect.objectContaining({ incident, outcome: 'suspended' }))
  expect(explain(events, incident)).toContain(`until a person lifts it: agent ${ROGUE}`)
  expect(result.untouched || result.healedAfterMs !== undefined).toBe(true)
  const decisions = events.filter((event) => event.kind === 'decision')
  expect(decisions.length).toBeGreaterThan(0)
  expect(decisions.filter(({ by, allowed }) => by === ROGUE || !allowed)).toEqual([])
  expect(capacity).toBe(NODES - 1)
})

test('lifted by a person it gets work again', async () => {
  const { lifted, capacity, outcomes } = await onMesh(async ({ driver, root, swarm, turn, story }) => {
    await turn()
    await driver.tell(signLift(story('suspension')[0]?.incident ?? '', 'ann', root), never)
    while (story('lifted').length === 0) await Promise.resolve()
    const outcomes = listIncidents(swarm.events).map(({ outcome }) => outcome)
    return { lifted: story('lifted'), capacity: swarm.session.swarm.pool.capacity, outcomes }
  })
  expect(lifted).toHaveLength(1)
  expect(outcomes).toEqual(['lifted'])
  expect(capacity).toBe(NODES)
})

test('that the mesh is halted, and goes on, is in the story', async () => {
  const gates = await onMesh(async ({ clock, driver, root, story }) => {
    await clock.sleep(1000)
    for (const [number, state] of [
      [2, 'halted'],
      [3, 'running'],
    ] as const) {
      await driver.tell(signEpoch({ number, state, issuedAt: clock.now(), reason: 'test' }, root), never)
      await clock.sleep(100)
    }
    return story('gate')
  })
  expect(gates).toMatchObject([{ closed: 'halted', epoch: 2 }, { epoch: 3 }])
  expect(gates.map((event) => storyLine(event)?.slice(13))).toEqual([
    'HALTED    epoch 2: nothing is changed until a person resumes',
    'OPEN      epoch 3: the nodes are changed again',
  ])
})
