import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { meshSwarmError } from '../../core/index.ts'
import { type KeyPair, type PublicKey, publicKey } from '../keys.ts'
import { createKeyFile, keyOf, readKeyFile, readTextFile } from './key-file.ts'

const SECRET = 'root.key'
const PUBLIC = 'root.pub'
const MAKES = 'meshswarm authority init'

/**
 * Makes the root of authority in a directory: `root.key`, which only its owner may read, and `root.pub`, for every node.
 * Throws CONFLICT where there is one: what that has signed would count for nothing.
 */
export function createRootKey(directory: string): KeyPair {
  const root = createKeyFile(join(directory, SECRET))
  writeFileSync(join(directory, PUBLIC), `${root.publicKey}\n`)
  chmodSync(join(directory, PUBLIC), 0o644)
  return root
}

/**
 * The root's key: `text`, as it comes from the environment, or else that of the directory. Throws INVALID_CONFIGURATION
 * where there is none, where it is no key, where anybody but its owner may read or write the file, and where the directory
 * has the public key of another one: nobody would believe what this one signs.
 */
export function readRootKey(directory: string, text?: string): KeyPair {
  const root = text === undefined ? readKeyFile(join(directory, SECRET), MAKES) : keyOf(text)
  const file = join(directory, PUBLIC)
  if (existsSync(file) && readRootPublicKey(directory) !== root.publicKey)
    throw meshSwarmError('INVALID_CONFIGURATION', `The root key is not the one of ${file}.`, {
      details: { file },
    })
  return root
}

/** What a node needs, and all that it gets. Throws INVALID_CONFIGURATION without one, INVALID_INPUT for what is none. */
export function readRootPublicKey(directory: string): PublicKey {
  return publicKey(readTextFile(join(directory, PUBLIC), MAKES).trim())
}
