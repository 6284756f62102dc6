import { known, type Observation, type Source, unknown } from '../observation.ts'
import type { SideSpec } from '../topology/index.ts'

/**
 * Expected transmissions of one direction from its delivery ratio: 1 / TQ (De Couto et al., 2003, one factor of
 * it). Always `derived`, or `simulated` where the mesh is.
 */
export function etxFromTq(tq: Observation<number>): Observation<number> {
  if (!tq.known) return tq
  if (tq.value <= 0) return unknown('TQ 0: nothing gets through')
  return known(1 / tq.value, tq.source === 'simulated' ? 'simulated' : 'derived', tq.observedAt)
}

/** What a NetJSON `metric` means for the cost of a link. */
export type CostMeaning = 'etx' | 'inverse-tq' | 'daemon-cost' | 'other'

export function costMeaning(protocol: string, metric: string): CostMeaning {
  if (/^etx$/i.test(metric)) return 'etx'
  if (/^tq$/i.test(metric)) return 'inverse-tq'
  if (/babel/i.test(protocol)) return 'daemon-cost'
  return 'other'
}

/** The cost that olsrd's plug-ins print for a broken link: LINK_COST_BROKEN (2^22) / 1024. */
export const OLSR_BROKEN = 4096

/** The qualities that a cost stands for; undefined where it cannot be one. */
export function qualityFromCost(
  cost: number,
  meaning: CostMeaning,
  source: Source,
  at: number,
): Omit<SideSpec, 'node'> | undefined {
  if (meaning === 'etx' && cost >= 1) return { etx: known(cost, source, at) }
  if (meaning === 'inverse-tq' && cost >= 1) {
    const derived = source === 'measured' ? 'derived' : source
    return { etx: known(cost, derived, at), tq: known(1 / cost, derived, at) }
  }
  if (meaning === 'daemon-cost' && cost >= 0) return { cost: known(cost, source, at) }
  return undefined
}
