import type { Command } from 'commander'
import { type AgentId, meshSwarmError } from '../../core/index.ts'
import {
  type ApprovalRequest,
  approveRequest,
  BiscuitEngine,
  checkRequest,
  readApprovalRequest,
  readKeyFile,
  readRootPublicKey,
  replaceApprovalRequest,
} from '../../security/index.ts'
import type { CliContext } from '../context.ts'
import { printable } from '../text.ts'
import { DEFAULT_AUTHORITY, MAKES_KEY } from './authority.ts'

interface ApproveFlags {
  readonly key?: string
  readonly authority: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

/** Adds `approve FILE`: says in words what a plan does, and signs for it. */
export function registerApproveCommand(program: Command, context: CliContext): void {
  program
    .command('approve <file>')
    .description('consent to a plan, as one of the persons that it needs: says what it does, and signs that')
    .option('--key <file>', 'your own key (meshswarm authority key)')
    .option('--authority <dir>', 'where root.pub of the authority is', DEFAULT_AUTHORITY)
    .option('--dry-run', 'only say what it does: nothing is signed')
    .option('--json', 'print JSON')
    .action((file: string, flags: ApproveFlags) => approve(file, flags, context))
}

async function approve(file: string, flags: ApproveFlags, context: CliContext): Promise<void> {
  const { clock, signal, print } = context
  const { dryRun = false, json, authority } = flags
  if (flags.key === undefined && !dryRun)
    throw meshSwarmError('INVALID_INPUT', 'Approving takes your --key; --dry-run only shows the plan.')
  const key = flags.key === undefined ? undefined : readKeyFile(flags.key, MAKES_KEY)
  const root = readRootPublicKey(authority)
  const request = readApprovalRequest(file)
  const engine = new BiscuitEngine({ clock })
  try {
    const components = { engine, clock, root }
    const { agent } = await checkRequest(components, request, signal)
    // Also in a dry run: whoever has approved it already hears so.
    const approved = key && (await approveRequest(components, request, key, signal))
    if (!json) for (const line of linesOf(request, agent)) print(printable(line))
    if (approved && !dryRun) replaceApprovalRequest(file, request, approved)
    const { approvedBy } = approved && !dryRun ? approved : request
    const { plan, nodes, until, reason, words } = request
    if (json) return print(JSON.stringify({ agent, words, nodes, plan, until, reason, approvedBy, dryRun }))
    for (const one of approvedBy) print(`approved by ${one}`)
    if (approvedBy.length === 0) print('approved by nobody yet')
  } finally {
    await engine.close()
  }
}

/** Everything that is signed, and who will do it. */
function linesOf(request: ApprovalRequest, agent: AgentId): readonly string[] {
  const { plan, nodes, until, reason, words } = request
  const end = new Date(until).toISOString().slice(0, 19).replace('T', ' ')
  return [
    `agent ${agent} asks to do this until ${end} UTC, on ${nodes.length === 1 ? 'node' : 'nodes'} ${nodes.join(', ')}:`,
    ...words.map((text, index) => `  ${index + 1}. ${text}`),
    `it says why: ${reason}`,
    `plan ${plan}`,
  ]
}
