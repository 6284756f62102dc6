import { join } from 'node:path'
import type { HealFlags } from '../../src/cli/index.ts'
import { entropySeed, RealClock, seededRandom } from '../../src/core/index.ts'
import { executorProgram } from '../../src/executor/index.ts'
import { BabelDriver, readInventory, SimTwin } from '../../src/mesh/index.ts'
import { Lab, loadTopology, requireLab } from '../index.ts'
import { readTopology } from '../reader.ts'
import { DrillAuthority } from './drill-authority.ts'
import { labField } from './lab-field.ts'
import { DRILL, type DrillListener, type DrillRow } from './sim-drill.ts'
import { supervise } from './supervise.ts'
import { runTrial, type TrialResult } from './trial.ts'

const WATCH = { limitMs: 25_000, afterMs: 3000 }

/**
 * The drill on real babeld daemons in network namespaces: each fault of the drill with the swarm at work. What the
 * network alone would have done takes minutes for each fault and is measured by the benchmark, not here.
 */
export async function labDrill(
  flags: HealFlags,
  listener: DrillListener,
  signal: AbortSignal,
): Promise<readonly DrillRow[]> {
  await requireLab()
  const nodes = flags.nodes ?? 20
  const topology = await loadTopology(flags.topology ?? `geo:${nodes}`, { nodes, reader: readTopology })
  const random = seededRandom(flags.seed ?? entropySeed())
  const lab = await Lab.up(topology, { name: 'drill' }, signal)
  try {
    const field = labField(lab)
    await lab.waitConverged(signal)
    await field.settle(60_000, signal)
    const clock = new RealClock()
    const nodeDirectory = join(lab.plan.stateDir, 'nodes')
    const drill = new DrillAuthority(clock)
    drill.enrol(nodeDirectory, topology.nodes.length)
    const driver = await BabelDriver.open(
      { clock, executor: executorProgram(nodeDirectory) },
      { inventory: await readInventory(lab.inventory) },
      signal,
    )
    const twin = new SimTwin()
    const { mode = 'heal', agents } = flags
    const session = { mode, ...(agents === undefined ? {} : { agents }) }
    const { authority } = await drill.command(driver, topology.nodes.length, signal)
    const supervision = await supervise({ driver, clock, twin, authority }, session, listener.onEvent)
    const rows: DrillRow[] = []
    try {
      for (const [index, scenario] of DRILL.entries()) {
        listener.onScenario(scenario, index + 1, DRILL.length)
        await field.settle(15_000, signal)
        const components = {
          random: random.fork(`${scenario.fault}#${index}`),
          events: () => supervision.events,
        }
        const swarm: TrialResult = await runTrial(field, scenario, components, WATCH, signal)
        await supervision.standDown(10_000, signal)
        const row = { swarm, alone: undefined }
        rows.push(row)
        listener.onRow(row)
      }
    } finally {
      await supervision.stop()
      await field.close()
      await drill.close()
      await driver.close()
    }
    return rows
  } finally {
    await lab.down()
  }
}
