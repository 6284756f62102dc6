import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { meshSwarmError } from '../../core/index.ts'

const FILE = 'revoked'
const ID = /^[0-9a-f]{128}$/

/** Writes the id of a block, and with it all that descends from it, to the list in the directory. A second time is none. */
export function addRevocation(directory: string, id: string): void {
  if (!ID.test(id)) throw meshSwarmError('INVALID_INPUT', 'A revocation id is 128 hexadecimal digits.')
  if (readRevocations(directory).has(id)) return
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  appendFileSync(join(directory, FILE), `${id}\n`, { mode: 0o644, flush: true })
}

/**
 * For the `revoked` of a verifier. Throws INVALID_CONFIGURATION for a list with a line that is no id: a damaged list must
 * not bring anything back to life.
 */
export function readRevocations(directory: string): ReadonlySet<string> {
  const file = join(directory, FILE)
  if (!existsSync(file)) return new Set()
  const lines = readFileSync(file, 'utf8').split('\n')
  const ids = lines.filter((line) => line !== '')
  const wrong = ids.findIndex((id) => !ID.test(id))
  if (wrong >= 0)
    throw meshSwarmError('INVALID_CONFIGURATION', `${file}: line ${wrong + 1} is no revocation id.`)
  return new Set(ids)
}
