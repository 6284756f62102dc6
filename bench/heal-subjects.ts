import { join } from 'node:path'
import { DrillAuthority } from '../lab/drill/drill-authority.ts'
import type { DrillField } from '../lab/drill/field.ts'
import { labField } from '../lab/drill/lab-field.ts'
import { supervise } from '../lab/drill/supervise.ts'
import { Lab, type Profile, type Topology } from '../lab/index.ts'
import { RealClock } from '../src/core/index.ts'
import { executorProgram } from '../src/executor/index.ts'
import type { MapekOptions, StampedHealEvent } from '../src/mapek/index.ts'
import { BabelDriver, readInventory, SimTwin } from '../src/mesh/index.ts'

export interface Subject {
  readonly name: string
  readonly profile: Profile
  /** undefined: nobody helps the daemons. */
  readonly agents: number | undefined
}

export const SUBJECTS: readonly Subject[] = [
  { name: 'babeld', profile: 'default', agents: undefined },
  { name: 'babeld tuned', profile: 'tuned', agents: undefined },
  { name: 'one agent', profile: 'default', agents: 1 },
  { name: 'swarm', profile: 'default', agents: 100 },
]

/** A lab with one subject at work on it. */
export interface Arena {
  readonly field: DrillField
  readonly lab: Lab
  readonly events: () => readonly StampedHealEvent[]
  /** Ends quarantines, so that the next trial finds the mesh as it was. */
  reset(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Brings a lab up, lets it settle, and puts the subject to work. Leaves nothing behind after a failure. */
export async function openArena(
  subject: Subject,
  topology: Topology,
  options: Partial<MapekOptions>,
  signal: AbortSignal,
  onEvent?: (event: StampedHealEvent) => void,
): Promise<Arena> {
  const lab = await Lab.up(topology, { name: `bench${process.pid}`, profile: subject.profile }, signal)
  const closers: (() => Promise<unknown>)[] = [() => lab.down()]
  const close = async () => {
    for (const closer of closers.toReversed()) await closer().catch(() => undefined)
  }
  try {
    const field = labField(lab)
    closers.push(() => field.close())
    await lab.waitConverged(signal)
    await field.settle(60_000, signal)
    if (subject.agents === undefined) return { field, lab, events: () => [], reset: async () => {}, close }
    const clock = new RealClock()
    const inventory = await readInventory(lab.inventory)
    const directory = join(lab.plan.stateDir, 'nodes')
    const drill = new DrillAuthority(clock)
    drill.enrol(directory, topology.nodes.length)
    const driver = await BabelDriver.open(
      { clock, executor: executorProgram(directory) },
      { inventory },
      signal,
    )
    closers.push(() => driver.close())
    const { authority } = await drill.command(driver, topology.nodes.length, signal)
    closers.push(() => drill.close())
    const twin = new SimTwin()
    const all = { mode: 'heal', agents: subject.agents, ...options } as const
    const supervision = await supervise({ driver, clock, twin, authority }, all, onEvent)
    closers.push(() => supervision.stop())
    const reset = (resetSignal: AbortSignal) => supervision.standDown(10_000, resetSignal)
    return { field, lab, events: () => supervision.events, reset, close }
  } catch (error) {
    await close()
    throw error
  }
}
