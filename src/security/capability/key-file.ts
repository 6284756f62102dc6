import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { meshSwarmError } from '../../core/index.ts'
import { isErrno } from '../../store/index.ts'
import { type KeyPair, keyPair, seedOf } from '../keys.ts'

/** Makes a key in a file that only its owner may read. Throws CONFLICT where there is a file already. */
export function createKeyFile(file: string): KeyPair {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const pair = keyPair()
  try {
    writeFileSync(file, `${seedOf(pair).toString('hex')}\n`, { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    if (!isErrno(cause, 'EEXIST')) throw cause
    throw meshSwarmError('CONFLICT', `${file} exists already.`, { details: { file } })
  }
  return pair
}

/**
 * Throws INVALID_CONFIGURATION where there is none, where it is no key, and where anybody but its owner may read or write
 * it. `makes`: the command that makes such a file.
 */
export function readKeyFile(file: string, makes: string): KeyPair {
  const open = openFile(file, makes)
  try {
    const mode = fstatSync(open).mode & 0o777
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw meshSwarmError(
        'INVALID_CONFIGURATION',
        `${file} has mode 0${mode.toString(8)}: others may use it. Make it 0600, or make a new key.`,
        { details: { file, mode } },
      )
    return keyOf(readFileSync(open, 'utf8'))
  } finally {
    closeSync(open)
  }
}

/** Throws INVALID_CONFIGURATION for what is no key. */
export function keyOf(text: string): KeyPair {
  const seed = text.trim()
  if (!/^[0-9a-f]{64}$/.test(seed))
    throw meshSwarmError('INVALID_CONFIGURATION', 'A private key is 64 hexadecimal digits.')
  return keyPair(Buffer.from(seed, 'hex'))
}

/** What anybody may read. Throws INVALID_CONFIGURATION where it cannot be read. */
export function readTextFile(file: string, makes: string): string {
  const open = openFile(file, makes)
  try {
    return readFileSync(open, 'utf8')
  } finally {
    closeSync(open)
  }
}

function openFile(file: string, makes: string): number {
  try {
    return openSync(file, 'r')
  } catch (cause) {
    throw meshSwarmError('INVALID_CONFIGURATION', `${file} cannot be read: make it with ${makes}.`, {
      cause,
      details: { file },
    })
  }
}
