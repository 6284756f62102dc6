import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import {
  createKeyFile,
  createRootKey,
  readKeyFile,
  readRevocations,
  readRootPublicKey,
} from '../../security/index.ts'
import type { CliContext } from '../context.ts'
import { plural } from '../text.ts'

export const DEFAULT_AUTHORITY = join('.meshswarm', 'authority')
export const MAKES_KEY = 'meshswarm authority key'

interface AuthorityFlags {
  readonly authority: string
  readonly json?: boolean
}

/** Adds `authority init|show|key`. */
export function registerAuthorityCommand(program: Command, { print }: CliContext): void {
  const command = program.command('authority').description('the root that every capability descends from')
  command
    .command('init')
    .description('make its key; there is one, and whoever has it can grant everything')
    .option('--authority <dir>', 'where it is kept', DEFAULT_AUTHORITY)
    .option('--json', 'print JSON')
    .action(({ authority, json }: AuthorityFlags) => {
      const { publicKey } = createRootKey(authority)
      if (json) return print(JSON.stringify({ publicKey }))
      return print(`the root of authority is ${publicKey}; keep ${join(authority, 'root.key')} to yourself`)
    })
  command
    .command('show')
    .description('its public key, which every node needs, and how many capabilities are revoked')
    .option('--authority <dir>', 'where it is kept', DEFAULT_AUTHORITY)
    .option('--json', 'print JSON')
    .action(({ authority, json }: AuthorityFlags) => {
      const publicKey = readRootPublicKey(authority)
      const revoked = readRevocations(authority, publicKey)
      if (json) return print(JSON.stringify({ publicKey, revoked: [...revoked] }))
      return print(`${publicKey}, ${plural(revoked.size, 'capability', 'capabilities')} revoked`)
    })
  command
    .command('key <file>')
    .description(
      "a person's or an agent's own key: made in the file where there is none; prints its public half",
    )
    .option('--json', 'print JSON')
    .action((file: string, { json }: Pick<AuthorityFlags, 'json'>) => {
      const made = !existsSync(file)
      const { publicKey } = made ? createKeyFile(file) : readKeyFile(file, MAKES_KEY)
      if (json) return print(JSON.stringify({ publicKey, made }))
      return print(made ? `${publicKey}; keep ${file} to yourself` : publicKey)
    })
}
