import { type Random, seededRandom, VirtualClock } from '../../src/core/index.ts'
import type { SessionOptions, StampedHealEvent } from '../../src/mapek/index.ts'
import { SimDriver, SimMesh, SimTwin } from '../../src/mesh/index.ts'
import { communityTopology, type SimField, simField } from '../sim/index.ts'
import { DrillAuthority } from './drill-authority.ts'
import { supervise } from './supervise.ts'
import { runTrial, type Scenario, type TrialResult } from './trial.ts'

/** Ten ways to break a mesh, none of which a routing daemon heals well. */
export const DRILL: readonly Scenario[] = [
  { fault: 'silent-cut' },
  { fault: 'black-hole' },
  { fault: 'loss-20' },
  { fault: 'forwarding-off' },
  { fault: 'daemon-killed', role: 'destination' },
  { fault: 'grey-forwarding' },
  { fault: 'mtu-black-hole' },
  { fault: 'route-hijack' },
  { fault: 'daemon-stopped', role: 'destination' },
  { fault: 'partition' },
]

export interface DrillRow {
  readonly swarm: TrialResult
  /** The same fault at the same place with nobody helping; undefined: not tried. */
  readonly alone: TrialResult | undefined
}

export interface DrillListener {
  readonly onScenario: (scenario: Scenario, index: number, of: number) => void
  readonly onEvent: (event: StampedHealEvent) => void
  readonly onRow: (row: DrillRow) => void
}

export interface SimDrillOptions {
  readonly nodes: number
  readonly seed: number
  readonly scenarios: readonly Scenario[]
  readonly session: SessionOptions
}

const WATCH = { limitMs: 20_000, afterMs: 3000 }
const ALONE = { limitMs: 60_000, afterMs: 0 }

/**
 * The drill on a simulated community mesh, in virtual time: the same seed gives the same drill. Each fault strikes
 * twice at the same place: once with the swarm at work, once in a twin of the mesh that nobody helps.
 */
export async function simDrill(
  options: SimDrillOptions,
  listener: DrillListener,
  signal: AbortSignal,
): Promise<readonly DrillRow[]> {
  const random = seededRandom(options.seed)
  const clock = new VirtualClock({ startAt: Date.UTC(2026, 0, 1, 3) })
  const helped = buildField(options, clock)
  return clock.runUntil(drillOn(helped, options, random, listener, signal))
}

function buildField({ nodes, seed }: SimDrillOptions, clock: VirtualClock): SimField {
  const random = seededRandom(seed)
  const topology = communityTopology(random.fork('community'), { nodes })
  const label = `community of ${nodes}`
  const mesh = new SimMesh({ random }, { topology, converged: true, label, startAt: clock.now() })
  return simField(mesh, clock)
}

async function drillOn(
  field: SimField,
  options: SimDrillOptions,
  random: Random,
  listener: DrillListener,
  signal: AbortSignal,
): Promise<readonly DrillRow[]> {
  const { clock } = field
  const drill = new DrillAuthority(clock)
  const driver = new SimDriver({ mesh: field.mesh, clock, gate: await drill.simGate(field.mesh) })
  const twin = new SimTwin()
  const { authority } = await drill.command(driver, options.nodes, signal)
  const supervision = await supervise({ driver, clock, twin, authority }, options.session, listener.onEvent)
  const rows: DrillRow[] = []
  try {
    for (const [index, scenario] of options.scenarios.entries()) {
      signal.throwIfAborted()
      listener.onScenario(scenario, index + 1, options.scenarios.length)
      await field.settle(20_000, signal)
      const draw = random.fork(`${scenario.fault}#${index}`)
      const components = { random: draw, events: () => supervision.events }
      const swarm = await runTrial(field, scenario, components, WATCH, signal)
      await supervision.standDown(10_000, signal)
      const alone = await aloneTrial(options, scenario, swarm, signal)
      const row = { swarm, alone }
      rows.push(row)
      listener.onRow(row)
    }
  } finally {
    await supervision.stop()
    await drill.close()
    await driver.close()
    await field.close()
  }
  return rows
}

/** A fresh mesh of the same seed, on a clock of its own, with the fault at the same place. */
async function aloneTrial(
  options: SimDrillOptions,
  scenario: Scenario,
  { placement }: TrialResult,
  signal: AbortSignal,
): Promise<TrialResult> {
  const clock = new VirtualClock()
  const field = buildField(options, clock)
  const components = { random: seededRandom(options.seed), events: () => [] }
  return clock.runUntil(runTrial(field, scenario, components, { ...ALONE, placement }, signal))
}
