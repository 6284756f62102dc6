import {
  chmodSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { meshSwarmError } from '../../core/index.ts'
import { isErrno } from '../../store/index.ts'
import { type KeyPair, keyPair, type PublicKey, publicKey, seedOf } from '../keys.ts'

const SECRET = 'root.key'
const PUBLIC = 'root.pub'

/**
 * Makes the root of authority in a directory: `root.key`, which only its owner may read, and `root.pub`, for every node.
 * Throws CONFLICT where there is one: what that has signed would count for nothing.
 */
export function createRootKey(directory: string): KeyPair {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const root = keyPair()
  try {
    writeFileSync(join(directory, SECRET), `${seedOf(root).toString('hex')}\n`, { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    if (!isErrno(cause, 'EEXIST')) throw cause
    throw meshSwarmError('CONFLICT', `${join(directory, SECRET)} exists already.`, { details: { directory } })
  }
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
  const seed = (text ?? readSecret(join(directory, SECRET))).trim()
  if (!/^[0-9a-f]{64}$/.test(seed))
    throw meshSwarmError('INVALID_CONFIGURATION', 'A root key is 64 hexadecimal digits.')
  const root = keyPair(Buffer.from(seed, 'hex'))
  const file = join(directory, PUBLIC)
  if (existsSync(file) && readRootPublicKey(directory) !== root.publicKey)
    throw meshSwarmError('INVALID_CONFIGURATION', `The root key is not the one of ${file}.`, {
      details: { file },
    })
  return root
}

/** What a node needs, and all that it gets. Throws INVALID_CONFIGURATION without one, INVALID_INPUT for what is none. */
export function readRootPublicKey(directory: string): PublicKey {
  return publicKey(readText(join(directory, PUBLIC)).trim())
}

function readSecret(file: string): string {
  const open = opened(file)
  try {
    const mode = fstatSync(open).mode & 0o777
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw meshSwarmError(
        'INVALID_CONFIGURATION',
        `${file} has mode 0${mode.toString(8)}: others may use it. Make it 0600, or make a new root.`,
        { details: { file, mode } },
      )
    return readFileSync(open, 'utf8')
  } finally {
    closeSync(open)
  }
}

function readText(file: string): string {
  const open = opened(file)
  try {
    return readFileSync(open, 'utf8')
  } finally {
    closeSync(open)
  }
}

function opened(file: string): number {
  try {
    return openSync(file, 'r')
  } catch (cause) {
    throw meshSwarmError(
      'INVALID_CONFIGURATION',
      `${file} cannot be read: make it with meshswarm authority init.`,
      {
        cause,
        details: { file },
      },
    )
  }
}
