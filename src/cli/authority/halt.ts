import type { Command } from 'commander'
import { deliver } from '../../executor/index.ts'
import type { CliContext } from '../context.ts'
import { printable } from '../text.ts'
import { DEFAULT_AUTHORITY } from './authority.ts'
import { deliveryText, processIds, refuseFailed } from './deliveries.ts'
import { epochIssuer, rootOf } from './root.ts'

interface EpochFlags {
  readonly reason: string
  readonly authority: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

/** Adds `halt` and `resume`. */
export function registerHaltCommands(program: Command, context: CliContext): void {
  const kinds = [
    ['halt', 'stop every change, on all nodes of this machine, until you resume', 'halted by a person'],
    ['resume', 'let the agents change nodes again', 'resumed by a person'],
  ] as const
  for (const [name, description, reason] of kinds)
    program
      .command(name)
      .description(description)
      .option('--reason <text>', 'for those who read it later', reason)
      .option('--authority <dir>', 'where the root of authority is kept', DEFAULT_AUTHORITY)
      .option('--dry-run', 'only say what would be done')
      .option('--json', 'print JSON')
      .action((flags: EpochFlags) => raise(name === 'halt' ? 'halted' : 'running', flags, context))
}

async function raise(state: 'running' | 'halted', flags: EpochFlags, context: CliContext): Promise<void> {
  const { clock, print, signal } = context
  const { authority, reason, dryRun, json } = flags
  const issuer = epochIssuer(authority, rootOf(authority, context, { make: false }), clock)
  if (dryRun) {
    const next = ((await issuer.latest())?.epoch.number ?? 0) + 1
    const words = state === 'halted' ? 'nobody would change anything' : 'agents would change nodes again'
    print(
      json
        ? JSON.stringify({ dryRun: true, number: next, state })
        : `epoch ${next} would be issued: ${words}`,
    )
    return
  }
  const statement = await issuer.issue(state, reason)
  const { number } = statement.epoch
  const deliveries = await deliver({ clock, ids: processIds() }, statement, signal)
  if (json) print(JSON.stringify({ number, state, reason, deliveries }))
  else print(`epoch ${number}, ${state}: ${printable(reason)}\n${deliveryText(deliveries)}`)
  refuseFailed(deliveries)
}
