import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { entropySeed, meshSwarmError, RealClock, randomIds, seededRandom } from '../core/index.ts'
import { executorProgram, nodeDirectory } from '../executor/index.ts'
import { type HealEvent, HealingSession, type Mode, type StampedHealEvent } from '../mapek/index.ts'
import { BabelDriver, readInventory, SimTwin, singleNodeInventory } from '../mesh/index.ts'
import { FileJournal } from '../store/index.ts'
import { auditFileOf, openAudit } from './audit/files.ts'
import { DEFAULT_AUTHORITY } from './authority/authority.ts'
import { commandNodes } from './authority/command-nodes.ts'
import type { CliContext } from './context.ts'
import { wholeNumber } from './numbers.ts'
import { storyLine } from './story-line.ts'
import { printable } from './text.ts'

export interface HealFlags {
  readonly mesh: string
  readonly mode?: Mode
  readonly socket?: string
  readonly inventory?: string
  readonly agents?: number
  readonly blastRadius?: number
  readonly journal: string
  readonly authority: string
  readonly json?: boolean
  /** For meshes that are built for the occasion (lab, sim). */
  readonly topology?: string
  readonly nodes?: number
  readonly seed?: number
}

/** Meshes that are built for the occasion, beside the product: the lab and the simulator with their drills. */
export type MeshRunners = Readonly<Record<string, (flags: HealFlags, context: CliContext) => Promise<void>>>

/** Adds `heal`: watch a mesh, and in mode `heal` repair it. A fresh install only advises. */
export function registerHealCommand(program: Command, context: CliContext, runners: MeshRunners = {}): void {
  const meshes = ['babel', ...Object.keys(runners)]
  program
    .command('heal')
    .description('watch a mesh, find what is broken and, in mode heal, repair it')
    .addOption(new Option('--mesh <kind>', 'which mesh').choices(meshes).default('babel'))
    .addOption(
      new Option(
        '--mode <mode>',
        'observe: only look; advise (the default for real nodes): say what it would do; heal: do it',
      ).choices(['observe', 'advise', 'heal']),
    )
    .option('--socket <path>', "a running babeld's control socket (babel)")
    .option('--inventory <file>', 'JSON file that lists your nodes (babel)')
    .option('--topology <spec>', 'file or shape to build the mesh from (lab, sim)')
    .option('--nodes <count>', 'take a connected part of so many nodes (lab, sim)', wholeNumber(1))
    .option('--agents <count>', 'size of the swarm, 1 to 100', wholeNumber(1))
    .option('--blast-radius <count>', 'most nodes changed within ten minutes', wholeNumber(1))
    .option('--authority <dir>', "where the root of the agents' authority is kept (babel)", DEFAULT_AUTHORITY)
    .option('--journal <dir>', 'where every decision is kept', join('.meshswarm', 'journal'))
    .option('--seed <number>', 'repeat a drill (lab, sim)', wholeNumber(1))
    .option('--json', 'one JSON object a line')
    .action(async (flags: HealFlags) => {
      const special = runners[flags.mesh]
      if (special) await special(flags, context)
      else await healBabel(flags, context)
    })
}

async function healBabel(flags: HealFlags, context: CliContext): Promise<void> {
  const closers = new AsyncDisposableStack()
  try {
    const session = await openBabel(closers, flags, context)
    await session.run(context.signal)
  } finally {
    await closers.disposeAsync()
  }
}

async function openBabel(
  closers: AsyncDisposableStack,
  flags: HealFlags,
  context: CliContext,
): Promise<HealingSession> {
  const { print, stderr, signal } = context
  const inventory = await inventoryFrom(flags)
  const clock = new RealClock()
  const ids = randomIds(seededRandom(entropySeed()).fork('ids'))
  // The journal first: where another process writes to it, nothing on the mesh is to be touched or held.
  const journal = new FileJournal<HealEvent>({ clock }, { directory: flags.journal })
  closers.defer(() => journal.close())
  const audit = await openAudit({ clock, ids }, auditFileOf(flags.journal))
  closers.defer(() => audit.close())
  const { damage } = audit
  if (damage)
    stderr.write(
      `${printable(audit.file)} was damaged (${damage.why}); it lies in ${printable(damage.movedTo)} now\n`,
    )
  const executor = executorProgram(nodeDirectory(inventory))
  const driver = await BabelDriver.open({ clock, executor }, { inventory }, signal)
  closers.defer(() => driver.close())
  const onEvent = (event: StampedHealEvent) => {
    const line = flags.json ? JSON.stringify(event) : storyLine(event)
    if (line !== undefined) print(line)
  }
  const { mode = 'advise', agents } = flags
  const parts = { driver, clock, ids, twin: new SimTwin(), journal, audit, onEvent }
  const options = { mode, ...(agents === undefined ? {} : { agents }) }
  if (mode !== 'heal') return HealingSession.open(parts, options, signal)
  const { authority } = closers.use(await commandNodes({ driver, clock, ids, inventory }, flags, context))
  return HealingSession.open({ ...parts, authority }, options, signal)
}

async function inventoryFrom(flags: HealFlags) {
  if (flags.inventory !== undefined) return readInventory(flags.inventory)
  if (flags.socket !== undefined) return singleNodeInventory(flags.socket)
  throw meshSwarmError(
    'INVALID_CONFIGURATION',
    'Which mesh? Give --socket PATH of a running babeld, or --inventory FILE.',
  )
}
