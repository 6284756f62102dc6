import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromUnknown, meshSwarmError } from '../../core/index.ts'
import type { PublicKey } from '../keys.ts'
import { openRevocation, type SignedRevocation } from './signed-revocation.ts'

const FILE = 'revoked'

/**
 * Writes a revocation to the list in the directory, whoever brings it. A second time is none. Throws as `openRevocation`
 * and `readRevocations` do; nothing is written then.
 */
export function addRevocation(directory: string, value: unknown, root: PublicKey): void {
  const signed = openRevocation(value, root)
  if (readRevocations(directory, root).has(signed.revoked)) return
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  appendFileSync(join(directory, FILE), `${JSON.stringify(signed)}\n`, { mode: 0o644, flush: true })
}

/** For the `revoked` of a verifier. Throws as `readSignedRevocations` does. */
export function readRevocations(directory: string, root: PublicKey): ReadonlySet<string> {
  return new Set(readSignedRevocations(directory, root).map(({ revoked }) => revoked))
}

/**
 * For nodes that have to hear of them. Throws INVALID_CONFIGURATION, with the line, for a list that is damaged or has
 * anything in it that the root has not signed: such a list must not bring anything back to life.
 */
export function readSignedRevocations(directory: string, root: PublicKey): readonly SignedRevocation[] {
  const file = join(directory, FILE)
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n')
  // What follows the last line break is a line that was not written to its end.
  if (lines.at(-1) === '') lines.pop()
  return lines.map((line, index) => {
    try {
      return openRevocation(JSON.parse(line), root)
    } catch (cause) {
      const why = cause instanceof SyntaxError ? 'it is no JSON' : fromUnknown(cause).message
      throw meshSwarmError('INVALID_CONFIGURATION', `${file}: line ${index + 1} is damaged: ${why}`, {
        cause,
      })
    }
  })
}
