import type { Command } from 'commander'
import { addRevocation, keyPair, readRootKey, signRevocation } from '../../security/index.ts'
import type { CliContext } from '../context.ts'
import { DEFAULT_AUTHORITY } from './authority.ts'

interface RevokeFlags {
  readonly authority: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

/** Adds `revoke ID`. */
export function registerRevokeCommand(program: Command, { print, rootKey }: CliContext): void {
  program
    .command('revoke <id>')
    .description('end a capability, and all that descends from it, for good')
    .option('--authority <dir>', 'where the root of authority is kept', DEFAULT_AUTHORITY)
    .option('--dry-run', 'only say what would be done')
    .option('--json', 'print JSON')
    .action((id: string, { authority, dryRun = false, json }: RevokeFlags) => {
      const root = dryRun ? keyPair() : readRootKey(authority, rootKey)
      const signed = signRevocation(id, root)
      if (!dryRun) addRevocation(authority, signed, root.publicKey)
      if (json) return print(JSON.stringify({ id, revoked: !dryRun }))
      return print(
        `${id} ${dryRun ? 'would be' : 'is'} revoked; a node knows it when its verifier has read the list`,
      )
    })
}
