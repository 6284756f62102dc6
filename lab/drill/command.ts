import { type Command, InvalidArgumentError } from 'commander'
import { type CliContext, type HealFlags, storyLine } from '../../src/cli/index.ts'
import { registerAttackCommand } from './attack-command.ts'
import { drillTable } from './drill-table.ts'
import { labDrill } from './lab-drill.ts'
import { DRILL, type DrillListener, simDrill } from './sim-drill.ts'

interface DrillFlags {
  readonly nodes: number
  readonly seed: number
  readonly agents?: number
  readonly json?: boolean
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Not a whole number from 1.')
  return value
}

/** Adds `drill`: breaks a simulated mesh in ten ways and lets the swarm heal it. Needs nothing but this package. */
export function registerDrillCommand(program: Command, context: CliContext): void {
  const drill = program
    .command('drill')
    .enablePositionalOptions()
    .description('break a simulated community mesh in ten ways and watch the swarm heal it')
    .option('--nodes <count>', 'size of the mesh', wholeNumber, 100)
    .option('--seed <number>', 'the same seed gives the same drill', wholeNumber, 1)
    .option('--agents <count>', 'size of the swarm, 1 to 100', wholeNumber)
    .option('--json', 'print the rows as JSON')
    .action((flags: DrillFlags) => drillSim(flags, context))
  registerAttackCommand(drill, context)
}

/** `heal --mesh sim`: the same drill; `heal --mesh lab`: the same on real daemons. */
export const DRILL_MESHES = {
  sim: (flags: HealFlags, context: CliContext) =>
    drillSim({ ...flags, nodes: flags.nodes ?? 100, seed: flags.seed ?? 1 }, context),
  lab: (flags: HealFlags, context: CliContext) =>
    labDrill(flags, listenerFor(context, flags.json === true), context.signal).then((rows) => {
      if (flags.json) context.print(JSON.stringify(rows, null, 2))
      else context.print(`\n${drillTable(rows)}`)
    }),
}

async function drillSim(flags: DrillFlags, context: CliContext): Promise<void> {
  const started = context.clock.now()
  const session = {
    mode: 'heal',
    ...(flags.agents === undefined ? {} : { agents: flags.agents }),
  } as const
  const options = { nodes: flags.nodes, seed: flags.seed, scenarios: DRILL, session }
  if (!flags.json)
    context.print(
      `A simulated mesh of ${flags.nodes} nodes, seed ${flags.seed}. Times are simulated; nothing real is touched.\n`,
    )
  const rows = await simDrill(options, listenerFor(context, flags.json === true), context.signal)
  if (flags.json) return context.print(JSON.stringify(rows, null, 2))
  context.print(`\n${drillTable(rows)}\n`)
  const took = ((context.clock.now() - started) / 1000).toFixed(0)
  context.print(
    `All of this is simulated, and took ${took} s. On real daemons: meshswarm heal --mesh lab (needs root and babeld).`,
  )
}

function listenerFor(context: CliContext, json: boolean): DrillListener {
  if (json) return { onScenario: () => {}, onEvent: () => {}, onRow: () => {} }
  return {
    onScenario: ({ fault, role }, index, of) => {
      const what = role === 'destination' ? `${fault} (destination)` : fault
      context.print(`\n--- ${index} of ${of}: ${what}`)
    },
    onEvent: (event) => {
      const line = storyLine(event)
      if (line !== undefined) context.print(line)
    },
    onRow: ({ swarm }) => {
      const healed =
        swarm.healedAfterMs === undefined
          ? 'not healed'
          : `traffic back ${(swarm.healedAfterMs / 1000).toFixed(1)} s after the fault`
      context.print(
        `              ${swarm.untouched ? 'no packet lost' : healed}; ${swarm.lost} packets lost`,
      )
    },
  }
}
