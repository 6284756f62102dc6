import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, meshSwarmError } from '../../core/index.ts'
import { createRootKey, EpochFile, EpochIssuer, type KeyPair, readRootKey } from '../../security/index.ts'
import type { CliContext } from '../context.ts'

/** The root of authority: from the environment or the directory, made there where there is none and `make` says so. */
export function rootOf(
  directory: string,
  { rootKey }: Pick<CliContext, 'rootKey'>,
  { make }: { readonly make: boolean },
): KeyPair {
  const isThere = rootKey !== undefined || existsSync(join(directory, 'root.key'))
  // With the public key alone the authority is elsewhere: a new one would only be in its way.
  if (!isThere && existsSync(join(directory, 'root.pub')))
    throw meshSwarmError(
      'INVALID_CONFIGURATION',
      `${directory} has the root's public key only, and no root.key.`,
    )
  return !isThere && make ? createRootKey(directory) : readRootKey(directory, rootKey)
}

export function epochIssuer(directory: string, root: KeyPair, clock: Clock): EpochIssuer {
  return new EpochIssuer({ clock, root, store: new EpochFile(join(directory, 'epoch.json')) })
}
