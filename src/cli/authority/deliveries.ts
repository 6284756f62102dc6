import { entropySeed, type IdSource, meshSwarmError, randomIds, seededRandom } from '../../core/index.ts'
import type { Delivery } from '../../executor/index.ts'
import { plural } from '../text.ts'

/** Who has heard it, in one line. */
export function deliveryText(deliveries: readonly Delivery[]): string {
  const count = (outcome: Delivery['outcome']) => deliveries.filter((one) => one.outcome === outcome).length
  const told = `${plural(count('told'), 'executor')} told`
  const written = `${count('written')} to obey when it starts`
  const others = `${count('others')} under another root`
  return [told, written, others].join(', ')
}

/** Throws UNAVAILABLE where some nodes may not have heard it. */
export function refuseFailed(deliveries: readonly Delivery[]): void {
  const failed = deliveries.find(({ outcome }) => outcome === 'failed')
  if (!failed) return
  const { directory, why } = failed
  throw meshSwarmError('UNAVAILABLE', `Not all nodes have heard it: ${directory}: ${why}`, {
    details: { directory },
  })
}

/** For one command. */
export function processIds(): IdSource {
  return randomIds(seededRandom(entropySeed()))
}
