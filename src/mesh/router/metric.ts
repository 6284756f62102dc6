import { meshSwarmError } from '../../core/index.ts'
import type { Link, LinkSide } from '../model.ts'
import type { Observation } from '../observation.ts'

/**
 * What a path costs. `etx`: sum of expected transmissions. `tq`: product of the TQs and of B.A.T.M.A.N.'s hop
 * penalty, the larger the better; kept as the sum of -ln. `latency`: sum of ms. `cost`: sum of the daemon's own
 * link costs (babel). `hops`: number of links.
 */
export type RouterMetric = 'etx' | 'tq' | 'latency' | 'cost' | 'hops'

/** What a direction is taken to be where nobody knows: ETX, TQ, ms, babel cost. Worse than a good link on purpose. */
export const DEFAULT_ASSUMED: Readonly<Record<RouterMetric, number>> = Object.freeze({
  etx: 2,
  tq: 0.5,
  latency: 10,
  cost: 256,
  hops: 1,
})

/** batman-adv's default, 30 of 255 taken off at every hop: of two lossless paths the shorter one wins. */
const HOP_PENALTY = 30 / 255

/** The cost from which babel calls a link infinite (RFC 8966). */
const BABEL_INFINITY = 65_535

export interface Weight {
  readonly value: number
  readonly assumed: boolean
}

/** Weight of the direction that `side` owns. Infinity where it is known that nothing gets through. */
export function arcWeight(link: Link, side: LinkSide, metric: RouterMetric, assume: number): Weight {
  switch (metric) {
    case 'hops':
      return { value: 1, assumed: false }
    case 'latency':
      return weight(link.latencyMs, assume)
    case 'cost': {
      const { value, assumed } = weight(side.cost, assume)
      return { value: value >= BABEL_INFINITY ? Number.POSITIVE_INFINITY : value, assumed }
    }
    case 'etx': {
      if (side.etx.known || !side.tq.known) return weight(side.etx, assume)
      return { value: 1 / side.tq.value, assumed: false }
    }
    case 'tq': {
      const { value, assumed } = weight(side.tq, assume)
      return { value: -Math.log(value * (1 - HOP_PENALTY)), assumed }
    }
  }
}

/** A sum of weights in the metric's own unit. */
export function pathMetric(metric: RouterMetric, sum: number): number {
  return metric === 'tq' ? Math.exp(-sum) : sum
}

export function checkedAssumption(metric: RouterMetric, assume: number): number {
  const fits = metric === 'tq' ? assume > 0 && assume <= 1 : assume >= 0
  if (!fits) throw meshSwarmError('INVALID_INPUT', `Nothing can be assumed to have a ${metric} of ${assume}.`)
  return assume
}

function weight(observation: Observation<number>, assume: number): Weight {
  return observation.known ? { value: observation.value, assumed: false } : { value: assume, assumed: true }
}
