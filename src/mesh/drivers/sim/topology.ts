import { type LinkId, linkId, meshSwarmError, type NodeId, nodeId } from '../../../core/index.ts'
import type { Position } from '../../model.ts'
import { linkIdBetween } from '../../topology/index.ts'

export interface SimTopologyNode {
  readonly id: string
  readonly name?: string
  readonly gateway?: boolean
  readonly position?: Position
  /** Mesh address without prefix length; one of fd00:6d:73::/48 unless told. */
  readonly address?: string
  /** Prefixes that the node announces beside its own address. */
  readonly prefixes?: readonly string[]
  readonly managed?: boolean
}

export interface SimTopologyLink {
  readonly a: string
  readonly b: string
  readonly id?: string
  /** Propagation in ms, 1 unless told. */
  readonly delayMs?: number
  /** Receive cost announced at both ends; the profile's unless told. */
  readonly rxcost?: number
  /** Names of the interfaces at both ends; `l1`, `l2` … of each node unless told. */
  readonly ifaces?: readonly [string, string]
}

/** What a simulated mesh is built from: what `lab/` topologies are, and a little more. */
export interface SimTopology {
  readonly nodes: readonly SimTopologyNode[]
  readonly links: readonly SimTopologyLink[]
}

/**
 * The topology by numbers. A slot is one end of a link: slots of node u are `first[u]` to `first[u + 1] - 1`,
 * `peer[slot]` is the node at the other end and `rev[slot]` that end's slot.
 */
export interface Wiring {
  readonly nodeIds: readonly NodeId[]
  readonly nodeOf: ReadonlyMap<string, number>
  readonly linkIds: readonly LinkId[]
  readonly linkOf: ReadonlyMap<string, number>
  readonly first: Int32Array
  readonly owner: Int32Array
  readonly peer: Int32Array
  readonly rev: Int32Array
  readonly link: Int32Array
  readonly ifaces: readonly string[]
  /** The slots of a link: side a, side b. */
  readonly sides: Int32Array
}

/** Throws INVALID_TOPOLOGY for double ids, loose links and links of a node to itself. */
export function wire(topology: SimTopology): Wiring {
  const nodeOf = new Map<string, number>()
  for (const [index, node] of topology.nodes.entries()) {
    if (nodeOf.has(node.id)) throw meshSwarmError('INVALID_TOPOLOGY', `The node ${node.id} is there twice.`)
    nodeOf.set(node.id, index)
  }
  const ends = topology.links.map((link) => endsOf(link, nodeOf))
  const n = topology.nodes.length
  const first = new Int32Array(n + 1)
  for (const [a, b] of ends) {
    first[a + 1] = (first[a + 1] as number) + 1
    first[b + 1] = (first[b + 1] as number) + 1
  }
  for (let u = 0; u < n; u++) first[u + 1] = (first[u + 1] as number) + (first[u] as number)
  const count = ends.length * 2
  const [owner, peer, rev, link, sides] = [0, 1, 2, 3, 4].map(() => new Int32Array(count)) as Tables
  const next = first.slice()
  const ifaces = new Array<string>(count).fill('')
  for (const [index, [a, b]] of ends.entries()) {
    const sa = next[a] as number
    next[a] = sa + 1
    const sb = next[b] as number
    next[b] = sb + 1
    const names = topology.links[index]?.ifaces
    place(sa, a, b, sb, names?.[0])
    place(sb, b, a, sa, names?.[1])
    link[sa] = link[sb] = index
    sides[index * 2] = sa
    sides[index * 2 + 1] = sb
  }
  const linkIds = nameLinks(topology.links)
  const linkOf = new Map(linkIds.map((id, index) => [id as string, index]))
  const nodeIds = topology.nodes.map((node) => nodeId(node.id))
  return { nodeIds, nodeOf, linkIds, linkOf, first, owner, peer, rev, link, ifaces, sides }

  function place(slot: number, from: number, to: number, back: number, name: string | undefined): void {
    owner[slot] = from
    peer[slot] = to
    rev[slot] = back
    ifaces[slot] = name ?? `l${slot - (first[from] as number) + 1}`
  }
}

type Tables = [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array]

/** The ids that every other part of the mesh uses; parallel links get an ordinal. Throws INVALID_TOPOLOGY. */
function nameLinks(links: readonly SimTopologyLink[]): LinkId[] {
  const seen = new Set<LinkId>()
  return links.map((link) => {
    let id = link.id === undefined ? linkIdBetween(link.a, link.b) : linkId(link.id)
    if (seen.has(id) && link.id !== undefined) {
      throw meshSwarmError('INVALID_TOPOLOGY', `The link ${id} is there twice.`)
    }
    for (let ordinal = 2; seen.has(id); ordinal++) id = linkIdBetween(link.a, link.b, ordinal)
    seen.add(id)
    return id
  })
}

function endsOf(link: SimTopologyLink, nodeOf: ReadonlyMap<string, number>): [number, number] {
  const a = nodeOf.get(link.a)
  const b = nodeOf.get(link.b)
  if (a === undefined || b === undefined) {
    throw meshSwarmError('INVALID_TOPOLOGY', `The link ${link.a} - ${link.b} names a node that is not there.`)
  }
  if (a === b) throw meshSwarmError('INVALID_TOPOLOGY', `The node ${link.a} is linked to itself.`)
  return [a, b]
}
