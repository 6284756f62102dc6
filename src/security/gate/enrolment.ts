import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { meshSwarmError } from '../../core/index.ts'
import { isErrno, syncDirectory } from '../../store/index.ts'
import { type PublicKey, readRootPublicKey } from '../capability/index.ts'
import { type GivenSettings, nodeSettings, SETTINGS_FILE } from './node-settings.ts'

/** Whether nodes of this directory are under a root. */
export function isEnrolled(directory: string): boolean {
  return existsSync(join(directory, ROOT))
}

/**
 * Puts the nodes of one executor under a root, for good: from then on they do what its capabilities allow, and nothing
 * else. False where they are under it already; then the settings stay as they are. Throws CONFLICT where they are under
 * another one, INVALID_CONFIGURATION for settings that are none; nothing is changed then.
 */
export function enrol(directory: string, root: PublicKey, settings: GivenSettings): boolean {
  nodeSettings(settings)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  try {
    // The key comes last: nodes with a key have settings.
    if (!isEnrolled(directory)) {
      writeFileSync(join(directory, SETTINGS_FILE), `${JSON.stringify(settings, undefined, 2)}\n`, {
        mode: 0o600,
      })
      writeFileSync(join(directory, ROOT), `${root}\n`, { mode: 0o600, flag: 'wx', flush: true })
      syncDirectory(directory)
      return true
    }
  } catch (thrown) {
    if (!isErrno(thrown, 'EEXIST')) throw thrown
  }
  const present = readRootPublicKey(directory)
  if (present === root) return false
  throw meshSwarmError(
    'CONFLICT',
    `These nodes are under ${present}, not under ${root}: use the authority that has its key. Who answers for the nodes can remove ${directory}.`,
    { details: { directory, present, root } },
  )
}

const ROOT = 'root.pub'
