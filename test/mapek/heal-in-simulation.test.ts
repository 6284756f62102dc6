import { describe, expect, test } from 'vitest'
import { DrillAuthority } from '../../lab/drill/drill-authority.ts'
import { type Supervision, supervise } from '../../lab/drill/supervise.ts'
import { runTrial, type Scenario, type TrialResult } from '../../lab/drill/trial.ts'
import { communityTopology, type SimField, simField } from '../../lab/sim/index.ts'
import { seededRandom, VirtualClock } from '../../src/core/index.ts'
import type { SessionOptions } from '../../src/mapek/index.ts'
import { SimDriver, SimMesh, SimTwin } from '../../src/mesh/index.ts'

const NODES = 40
const never = new AbortController().signal

interface Bench {
  readonly clock: VirtualClock
  readonly field: SimField
  readonly driver: SimDriver
  readonly swarm: Supervision
}

async function onMesh<T>(
  options: SessionOptions,
  seed: number,
  body: (bench: Bench) => Promise<T>,
): Promise<T> {
  const clock = new VirtualClock({ startAt: Date.UTC(2026, 0, 1) })
  const random = seededRandom(seed)
  const topology = communityTopology(random.fork('community'), { nodes: NODES })
  const mesh = new SimMesh({ random }, { topology, converged: true, startAt: clock.now() })
  const field = simField(mesh, clock)
  const drill = new DrillAuthority(clock)
  const run = async () => {
    const driver = new SimDriver({ mesh, clock, gate: await drill.simGate(mesh) })
    const { authority } = await drill.command(driver, NODES, never)
    const swarm = await supervise({ driver, clock, twin: new SimTwin(), authority }, options)
    try {
      return await body({ clock, field, driver, swarm })
    } finally {
      await swarm.stop()
      await drill.close()
      await driver.close()
    }
  }
  return clock.runUntil(run())
}

function trial(seed: number, scenario: Scenario, options: SessionOptions = { mode: 'heal' }, afterMs = 4000) {
  return onMesh(options, seed, async ({ field, swarm, driver }) => {
    await field.clock.sleep(3000)
    const random = seededRandom(seed).fork(scenario.fault)
    const watch = { limitMs: 25_000, afterMs }
    const result = await runTrial(field, scenario, { random, events: () => swarm.events }, watch, never)
    return { result, events: swarm.events, changes: await driver.changes(never) }
  })
}

/** Fault, what the swarm must call it, and whether traffic must come back. */
const CASES: readonly (readonly [Scenario, string])[] = [
  [{ fault: 'silent-cut' }, 'link-dead'],
  [{ fault: 'one-way-cut' }, 'link-dead'],
  [{ fault: 'loss-20' }, 'link-lossy'],
  [{ fault: 'loss-50-one-way' }, 'link-lossy'],
  [{ fault: 'black-hole' }, 'forwarding-drops'],
  [{ fault: 'grey-forwarding' }, 'forwarding-drops'],
  [{ fault: 'forwarding-off' }, 'forwarding-disabled'],
  [{ fault: 'mtu-black-hole' }, 'link-drops-large'],
  [{ fault: 'interface-down' }, 'interface-admin-down'],
  [{ fault: 'daemon-killed', role: 'destination' }, 'daemon-dead'],
  [{ fault: 'route-hijack' }, 'prefix-conflict'],
]

describe('what breaks is found, named and healed', () => {
  test.each(CASES)('%o is %s', async (scenario, cause) => {
    const { result, events } = await trial(7, scenario)
    const causes = events.flatMap((event) =>
      event.kind === 'hypotheses' ? [event.hypotheses[0]?.cause] : [],
    )
    expect(causes).toContain(cause)
    expect(result.detectedAfterMs).toBeLessThan(5000)
    expectHealed(result)
  })

  test('the daemon that was stopped runs again', async () => {
    const { events, changes } = await trial(3, { fault: 'daemon-stopped', role: 'destination' })
    expect(changes.map(({ action }) => action.kind)).toContain('resume-daemon')
    expect(events.some((event) => event.kind === 'incident-closed' && event.outcome !== 'escalated')).toBe(
      true,
    )
  })
})

function expectHealed(result: TrialResult): void {
  expect(result.untouched || result.healedAfterMs !== undefined).toBe(true)
}

test('a partition is escalated with its cut, and nothing is touched', async () => {
  const { events, changes } = await trial(5, { fault: 'partition' })
  const closed = events.find((event) => event.kind === 'incident-closed')
  expect(closed).toMatchObject({ outcome: 'escalated', text: expect.stringContaining('cut:') })
  expect(changes).toEqual([])
})

describe.each(['observe', 'advise'] as const)('mode %s', (mode) => {
  test('sees the fault and changes nothing', async () => {
    const { events, changes } = await trial(7, { fault: 'black-hole' }, { mode })
    const outcome = mode === 'observe' ? 'observed' : 'advised'
    expect(events.some((event) => event.kind === 'incident-closed' && event.outcome === outcome)).toBe(true)
    expect(changes).toEqual([])
  })
})

describe('what is no fault is left alone', () => {
  test('three minutes of a healthy mesh: no incident', async () => {
    const events = await onMesh({ mode: 'heal' }, 2, async ({ clock, swarm }) => {
      await clock.sleep(180_000)
      return swarm.events
    })
    expect(events.filter(({ kind }) => kind === 'incident-opened')).toEqual([])
  })

  test('short bursts of loss and a reload of a daemon: no action', async () => {
    const changes = await onMesh({ mode: 'heal' }, 2, async ({ clock, field, driver }) => {
      const random = seededRandom(9)
      const { world, wiring } = field.mesh
      for (let burst = 0; burst < 40; burst += 1) {
        const slot = random.int(wiring.owner.length)
        world.setLoss(slot, 0.3 + random.next() * 0.7)
        await clock.sleep(200 + random.int(400))
        world.setLoss(slot, 0)
        await clock.sleep(2000 + random.int(2000))
      }
      field.mesh.restartDaemon(random.int(NODES))
      await clock.sleep(20_000)
      return driver.changes(never)
    })
    expect(changes).toEqual([])
  })
})

test('the same seed gives the same incidents, times included', async () => {
  const story = async () => (await trial(11, { fault: 'grey-forwarding' })).events
  expect(await story()).toEqual(await story())
})

test('one agent comes to the same verdict as forty, only later', async () => {
  const verdict = async (agents: number) => {
    // Long enough for the slower one to have verified it.
    const { events } = await trial(7, { fault: 'black-hole' }, { mode: 'heal', agents }, 30_000)
    const first = events.find((event) => event.kind === 'incident-opened')
    const incident = first?.kind === 'incident-opened' ? first.incident : undefined
    const closed = events.find((event) => event.kind === 'incident-closed' && event.incident === incident)
    return closed?.kind === 'incident-closed' ? `${closed.outcome}: ${closed.text}` : 'none'
  }
  expect(await verdict(1)).toBe(await verdict(40))
})
