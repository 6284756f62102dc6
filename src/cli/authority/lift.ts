import type { Command } from 'commander'
import { meshSwarmError } from '../../core/index.ts'
import { deliver, foundHere } from '../../executor/index.ts'
import { keyPair, signLift } from '../../security/index.ts'
import type { CliContext } from '../context.ts'
import { printable } from '../text.ts'
import { DEFAULT_AUTHORITY } from './authority.ts'
import { deliveryText, processIds, refuseFailed } from './deliveries.ts'
import { rootOf } from './root.ts'
import { refuseUnread } from './suspended.ts'

interface LiftFlags {
  readonly by: string
  readonly authority: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

/** Adds `lift ID`. */
export function registerLiftCommand(program: Command, context: CliContext): void {
  program
    .command('lift <id>')
    .description('let somebody act again whom the nodes have suspended: see suspended')
    .requiredOption('--by <name>', 'who decides it')
    .option('--authority <dir>', 'where the root of authority is kept', DEFAULT_AUTHORITY)
    .option('--dry-run', 'only say what would be done')
    .option('--json', 'print JSON')
    .action((id: string, flags: LiftFlags) => (flags.dryRun ? foresee : lift)(id, flags, context))
}

function foresee(id: string, flags: LiftFlags, { print, nodePlaces }: CliContext): void {
  const { by } = signLift(id, flags.by, keyPair())
  const found = foundHere(nodePlaces())
  const suspension = found.flatMap(({ suspensions }) => suspensions).find((one) => one.id === id)
  if (!suspension) {
    refuseUnread(found)
    throw unknown(id)
  }
  print(
    flags.json
      ? JSON.stringify({ id, by, lifted: false, suspension })
      : printable(`${id} would be lifted by ${by}: ${suspension.title}`),
  )
}

async function lift(id: string, { by, authority, json }: LiftFlags, context: CliContext): Promise<void> {
  const { clock, print, signal, nodePlaces } = context
  const statement = signLift(id, by, rootOf(authority, context, { make: false }))
  const components = { clock, ids: processIds(), places: nodePlaces() }
  const deliveries = await deliver(components, statement, signal)
  const isLifted = deliveries.some(({ outcome }) => outcome === 'told' || outcome === 'written')
  // Those that cannot be reached may be the ones who know it.
  if (!isLifted) {
    refuseFailed(deliveries)
    throw unknown(id)
  }
  print(
    json
      ? JSON.stringify({ id, by: statement.by, lifted: true, deliveries })
      : printable(`${id} is lifted by ${statement.by}: ${deliveryText(deliveries)}`),
  )
  refuseFailed(deliveries)
}

function unknown(id: string): Error {
  return meshSwarmError('INCIDENT_NOT_FOUND', `No nodes of this machine know a suspension ${id}.`, {
    details: { id },
  })
}
