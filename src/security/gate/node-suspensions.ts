import { join } from 'node:path'
import type { Suspension } from '../../mesh/index.ts'
import { readRootPublicKey } from '../capability/index.ts'
import { standingOf } from '../oracle/index.ts'
import { isEnrolled } from './enrolment.ts'
import { suspensionOf } from './suspension.ts'
import { keptVerdicts, SUSPENSIONS_FILE } from './suspensions.ts'

/**
 * What nodes have found that nobody has lifted, from their directory, whether or not their executor runs. Changes nothing.
 * Throws INVALID_CONFIGURATION where it is damaged.
 */
export function nodeSuspensions(directory: string): readonly Suspension[] {
  if (!isEnrolled(directory)) return []
  const kept = keptVerdicts(join(directory, SUSPENSIONS_FILE), readRootPublicKey(directory))
  return standingOf(kept).map(suspensionOf)
}
