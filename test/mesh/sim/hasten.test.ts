// The rule: daemons that are hurried settle sooner, for as long as they are hurried and no longer, and a quiet mesh
// does not notice.
import { expect, test } from 'vitest'
import { median, nodeId, seededRandom, VirtualClock } from '../../../src/core/index.ts'
import { type ProfileName, SimDriver, SimMesh } from '../../../src/mesh/index.ts'
import { ring } from './shapes.ts'

const never = new AbortController().signal
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9]
/** Meshes run on the time of day, too: their clock does not begin at 0. */
const STARTS = [0, Date.UTC(2026, 0, 1)]

interface Run {
  readonly seed: number
  readonly profile?: ProfileName
  readonly startAt?: number
  /** One call of `hasten` after the other, all before the cut. */
  readonly hastenMs?: readonly number[]
  /** From these calls to the cut. */
  readonly waitMs?: number
}

/**
 * A ring of eight whose link between n1 and n2 goes down. What n1 hears of n2 from its other neighbour led over
 * n1 itself until then: it is not feasible, and a request has to go round the whole ring. How long until a packet
 * from n1 gets through to n2 again, in virtual ms.
 */
async function outageMs({ seed, profile = 'default', startAt = 0, hastenMs = [], waitMs = 0 }: Run) {
  const clock = new VirtualClock({ startAt })
  const topology = ring(8)
  const mesh = new SimMesh({ random: seededRandom(seed) }, { topology, profile, converged: true, startAt })
  clock.attach(mesh)
  const driver = new SimDriver({ mesh, clock })
  await clock.advance(20_000)
  for (const forMs of hastenMs) await driver.hasten(mesh.wiring.nodeIds.map(nodeId), forMs, never)
  await clock.advance(waitMs)
  const cutAt = clock.now()
  for (const slot of mesh.linkSlots('n1--n2')) mesh.world.setInterfaceUp(slot, false)
  const passes = () => mesh.send(mesh.node('n1'), mesh.node('n2'), 64) >= 0
  expect(passes()).toBe(false)
  while (!passes() && clock.now() < cutAt + 60_000) await clock.advance(10)
  return clock.now() - cutAt
}

function outages(run: Omit<Run, 'seed'>): Promise<number[]> {
  return Promise.all(SEEDS.map((seed) => outageMs({ ...run, seed })))
}

test.each(['default', 'tuned'] as const)(
  'a node that lost its only feasible route gets it back sooner, with %s timers',
  async (profile) => {
    const [alone, hastened] = [await outages({ profile }), await outages({ profile, hastenMs: [60_000] })]
    expect(median(hastened)).toBeLessThan(median(alone) * 0.75)
    expect(Math.max(...hastened)).toBeLessThan(Math.min(...alone))
  },
)

test.each(STARTS)(
  'when its time is over all is exactly as if it had never been (clock from %d)',
  async (startAt) => {
    const waitMs = 10_000
    const alone = await outages({ startAt, waitMs })
    expect(await outages({ startAt, waitMs, hastenMs: [waitMs - 1] })).toEqual(alone)
    expect(await outages({ startAt, waitMs, hastenMs: [60_000] })).not.toEqual(alone)
  },
)

test.each(STARTS)(
  'a second call extends the first and never shortens it (clock from %d)',
  async (startAt) => {
    const waitMs = 10_000
    const hastened = await outages({ startAt, waitMs, hastenMs: [60_000] })
    expect(await outages({ startAt, waitMs, hastenMs: [1000, 60_000] })).toEqual(hastened)
    expect(await outages({ startAt, waitMs, hastenMs: [60_000, 1000] })).toEqual(hastened)
  },
)
