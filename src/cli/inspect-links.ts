import type { LinkId, NodeId } from '../core/index.ts'
import { type Link, type LinkSide, type Observation, valueOr } from '../mesh/index.ts'
import type { NodeRef } from './node-ref.ts'

export interface Direction {
  readonly from: NodeRef
  /** Null where nobody knows. */
  readonly etx: number | null
  readonly tq: number | null
  readonly cost: number | null
}

export interface LinkQuality {
  readonly id: LinkId
  readonly type: string | null
  readonly up: boolean | null
  readonly directions: readonly [Direction, Direction]
  /** ETX (where unknown, the daemon's cost) of the worse direction. */
  readonly worst: number
  /** Whether nothing else carries what it carries. */
  readonly bridge: boolean
}

/** Links of known quality that are not known to be down, worst direction first. */
export function linkQualities(
  links: Iterable<Link>,
  ref: (id: NodeId) => NodeRef,
  bridges: ReadonlySet<LinkId>,
): LinkQuality[] {
  const qualities: LinkQuality[] = []
  for (const link of links) {
    const worst = Math.max(badness(link.a), badness(link.b))
    const down = link.up.known && !link.up.value
    if (worst === 0 || down) continue
    const directions = [direction(link.a, ref), direction(link.b, ref)] as const
    const up = valueOr(link.up, null)
    qualities.push({
      id: link.id,
      type: link.type ?? null,
      up,
      directions,
      worst,
      bridge: bridges.has(link.id),
    })
  }
  return qualities.sort((a, b) => b.worst - a.worst)
}

/** 0 where nothing is known: such a link is neither good nor bad, it is not in the list. */
function badness(side: LinkSide): number {
  return valueOr(side.etx, valueOr(side.cost, 0))
}

function direction(side: LinkSide, ref: (id: NodeId) => NodeRef): Direction {
  const orNull = (value: Observation<number>) => valueOr(value, null)
  return { from: ref(side.node), etx: orNull(side.etx), tq: orNull(side.tq), cost: orNull(side.cost) }
}
