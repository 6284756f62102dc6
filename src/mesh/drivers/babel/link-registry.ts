import { type LinkId, linkId, type NodeId } from '../../../core/index.ts'
import type { Link, LinkSide } from '../../model.ts'
import { known, type Observation, UNKNOWN, unknown } from '../../observation.ts'
import type { NodeState } from './node-state.ts'
import { type BabelNeighbour, INFINITY } from './parser.ts'

/** The interface of a node that tells us nothing. */
export const UNNAMED = ''

export interface Endpoint {
  readonly node: NodeId
  readonly iface: string
}

interface SideState extends Endpoint {
  /** The other end's link-local address as this side sees it. */
  neighbour: BabelNeighbour | undefined
  /** The last one that was usable: what a vanished link was like. */
  last: BabelNeighbour | undefined
  at: number
}

interface LinkState {
  readonly id: LinkId
  readonly sides: readonly [SideState, SideState]
  up: boolean | undefined
}

export interface LinkMove {
  readonly link: LinkId
  readonly up: boolean
}

/** Adjacencies by both ends. A link once seen stays known: when it is gone it is down, not forgotten. */
export class LinkRegistry {
  readonly #links = new Map<LinkId, LinkState>()
  readonly #byNode = new Map<NodeId, Set<LinkState>>()
  readonly #nodes: ReadonlyMap<NodeId, NodeState>

  constructor(nodes: ReadonlyMap<NodeId, NodeState>) {
    this.#nodes = nodes
  }

  /**
   * Reads the neighbours of one node anew. `peerOf` tells which interface an address belongs to. Returns the
   * links whose state moved, and what new links there are (`moved` holds them too).
   */
  refresh(
    node: NodeState,
    peerOf: (neighbour: BabelNeighbour) => Endpoint | undefined,
    now: number,
  ): LinkMove[] {
    const best = new Map<LinkState, BabelNeighbour>()
    for (const neighbour of node.table.neighbours.values()) {
      // babeld keeps the neighbours of an interface that it lost until their hellos time out.
      if (node.table.interfaces.get(neighbour.iface)?.up === false) continue
      if (!node.table.interfaces.has(neighbour.iface)) continue
      const peer = peerOf(neighbour)
      if (!peer || peer.node === node.id) continue
      // babeld may list a neighbour of an interface that it lost under one that it was given later: what could never
      // be used is no link.
      const link = this.#link({ node: node.id, iface: neighbour.iface }, peer, neighbour.cost < INFINITY)
      if (!link) continue
      // After an interface was flushed and re-added babeld lists the neighbour twice, the old entry ageing.
      const other = best.get(link)
      if (!other || better(neighbour, other)) best.set(link, neighbour)
    }
    const moves: LinkMove[] = []
    for (const link of this.#byNode.get(node.id) ?? []) {
      const side = link.sides.find((candidate) => candidate.node === node.id)
      if (!side) continue
      const neighbour = best.get(link)
      if (neighbour !== side.neighbour) side.at = now
      side.neighbour = neighbour
      if (neighbour && neighbour.cost < INFINITY) side.last = neighbour
      const up = this.#isUp(link)
      if (up === link.up) continue
      const wasKnown = link.up !== undefined
      link.up = up
      if (up !== undefined && (wasKnown || up)) moves.push({ link: link.id, up })
    }
    return moves
  }

  /** The far end's address on a link, from the nearer side; undefined where it was never seen. */
  addressTowards(id: LinkId, from: NodeId): { iface: string; address: string; to: NodeId } | undefined {
    const link = this.#links.get(id)
    const side = link?.sides.find((candidate) => candidate.node === from)
    const other = link?.sides.find((candidate) => candidate !== side)
    if (!side || !other) return undefined
    const own = side.neighbour ?? side.last
    const address = own?.address ?? this.#nodes.get(other.node)?.table.interfaces.get(other.iface)?.ipv6
    return address === undefined ? undefined : { iface: side.iface, address, to: other.node }
  }

  /** All links whose ends are both shown. */
  build(shown: (node: NodeId) => boolean): ReadonlyMap<LinkId, Link> {
    const links = new Map<LinkId, Link>()
    for (const [id, link] of this.#links) {
      if (link.sides.every((side) => shown(side.node))) links.set(id, this.#describe(link))
    }
    return links
  }

  /** The known one, or a new one where it is `usable`. */
  #link(a: Endpoint, b: Endpoint, usable: boolean): LinkState | undefined {
    const [first, second] = a.node < b.node || (a.node === b.node && a.iface < b.iface) ? [a, b] : [b, a]
    const id = linkId(`${first.node}/${first.iface}~${second.node}/${second.iface}`)
    const existing = this.#links.get(id)
    if (existing || !usable) return existing
    const side = (end: Endpoint): SideState => ({ ...end, neighbour: undefined, last: undefined, at: 0 })
    const link: LinkState = { id, sides: [side(first), side(second)], up: undefined }
    this.#links.set(id, link)
    for (const { node } of link.sides) {
      const links = this.#byNode.get(node) ?? new Set()
      this.#byNode.set(node, links.add(link))
    }
    return link
  }

  /** Up where every end whose daemon speaks can use it; a dead daemon says nothing about the wire. */
  #isUp(link: LinkState): boolean | undefined {
    let heard = false
    for (const side of link.sides) {
      const node = this.#nodes.get(side.node)
      if (!node?.live || node.process === 'stopped') continue
      heard = true
      if (!side.neighbour || side.neighbour.cost >= INFINITY) return false
    }
    return heard ? true : undefined
  }

  #describe(link: LinkState): Link {
    const [a, b] = link.sides
    const up = this.#isUp(link)
    const rtts = [a, b].flatMap((side) => side.neighbour?.rtt ?? [])
    const at = Math.max(a.at, b.at)
    return Object.freeze({
      id: link.id,
      a: describeSide(a, b),
      b: describeSide(b, a),
      up: up === undefined ? unknown('no daemon at either end speaks') : known(up, 'measured', at),
      latencyMs: rtts.length > 0 ? known(Math.min(...rtts) / 2, 'derived', at) : UNKNOWN,
      type: undefined,
      attributes: {},
    })
  }
}

function describeSide(side: SideState, other: SideState): LinkSide {
  return Object.freeze({
    node: side.node,
    iface: side.iface === UNNAMED ? undefined : side.iface,
    etx: etxFrom(other),
    tq: UNKNOWN,
    cost: costOf(side),
  })
}

function costOf({ iface, neighbour, at }: SideState): Observation<number> {
  if (iface === UNNAMED) return unknown('no daemon of ours at this end')
  return known(neighbour?.cost ?? INFINITY, 'measured', at)
}

/** The hellos that the far end heard of those it should have: the delivery ratio of this direction. */
function etxFrom(receiver: SideState): Observation<number> {
  const reach = receiver.neighbour?.reach ?? 0
  if (reach === 0) return UNKNOWN
  let heard = 0
  for (let bits = reach; bits > 0; bits &= bits - 1) heard++
  const expected = 16 - Math.log2(reach & -reach)
  return known(Math.max(1, expected / heard), 'derived', receiver.at)
}

function better(a: BabelNeighbour, b: BabelNeighbour): boolean {
  return a.cost !== b.cost ? a.cost < b.cost : a.reach > b.reach
}
