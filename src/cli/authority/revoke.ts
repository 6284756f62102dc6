import type { Command } from 'commander'
import { deliver } from '../../executor/index.ts'
import { addRevocation, keyPair, readRootKey, signRevocation } from '../../security/index.ts'
import type { CliContext } from '../context.ts'
import { DEFAULT_AUTHORITY } from './authority.ts'
import { deliveryText, processIds, refuseFailed } from './deliveries.ts'

interface RevokeFlags {
  readonly authority: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

/** Adds `revoke ID`. */
export function registerRevokeCommand(program: Command, context: CliContext): void {
  program
    .command('revoke <id>')
    .description('end a capability, and all that descends from it, for good')
    .option('--authority <dir>', 'where the root of authority is kept', DEFAULT_AUTHORITY)
    .option('--dry-run', 'only say what would be done')
    .option('--json', 'print JSON')
    .action((id: string, flags: RevokeFlags) => revoke(id, flags, context))
}

async function revoke(
  id: string,
  { authority, dryRun = false, json }: RevokeFlags,
  { clock, print, rootKey, signal }: CliContext,
): Promise<void> {
  const root = dryRun ? keyPair() : readRootKey(authority, rootKey)
  const signed = signRevocation(id, root)
  if (dryRun) return print(json ? JSON.stringify({ id, revoked: false }) : `${id} would be revoked`)
  addRevocation(authority, signed, root.publicKey)
  const deliveries = await deliver({ clock, ids: processIds() }, signed, signal)
  print(
    json
      ? JSON.stringify({ id, revoked: true, deliveries })
      : `${id} is revoked: ${deliveryText(deliveries)}`,
  )
  refuseFailed(deliveries)
}
