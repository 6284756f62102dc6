import { entropySeed, randomIds, seededRandom } from '../core/index.ts'
import { PolicyManager } from '../security/index.ts'

/** Rejects INVALID_CONFIGURATION for a policy that is not sound. */
export function openPolicy(paths: readonly string[]): Promise<PolicyManager> {
  return PolicyManager.open({ ids: randomIds(seededRandom(entropySeed())) }, { paths })
}
