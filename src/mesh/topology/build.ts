import { type LinkId, linkId, meshSwarmError, type NodeId, nodeId } from '../../core/index.ts'
import type { Link, LinkSide, MeshNode, MeshSnapshot, RouteView } from '../model.ts'
import { UNKNOWN } from '../observation.ts'
import type { LinkSpec, NodeSpec, SideSpec, SnapshotSpec } from './spec.ts'

/** The routes of a mesh whose tables nobody can read. */
export const EMPTY_ROUTES: RouteView = Object.freeze({
  nextHop: () => undefined,
  path: () => undefined,
  originatorsOf: () => new Map(),
})

/** The same id from whichever side the link was learnt; `ordinal` (from 1) tells parallel links apart. */
export function linkIdBetween(a: string, b: string, ordinal = 1): LinkId {
  const [low, high] = a < b ? [a, b] : [b, a]
  return linkId(ordinal === 1 ? `${low}--${high}` : `${low}--${high}#${ordinal}`)
}

/**
 * A frozen snapshot of plain nodes and links, whole or not at all. Parallel links (distinct ids between the same
 * two nodes) are in order. Throws INVALID_TOPOLOGY for an empty or repeated id, an end that is no node, and a
 * link from a node to itself; `details` names the place and what is wrong with it.
 */
export function buildSnapshot(spec: SnapshotSpec): MeshSnapshot {
  const nodes = buildNodes(spec.nodes)
  const links = buildLinks(spec.links, nodes)
  return Object.freeze({
    takenAt: spec.takenAt,
    source: spec.source,
    nodes,
    links,
    routes: spec.routes ?? EMPTY_ROUTES,
    label: spec.label,
    ...(spec.attributes === undefined ? {} : { attributes: Object.freeze({ ...spec.attributes }) }),
  })
}

function buildNodes(specs: Iterable<NodeSpec>): Map<NodeId, MeshNode> {
  const nodes = new Map<NodeId, MeshNode>()
  let index = 0
  for (const spec of specs) {
    const place = spec.place ?? `nodes[${index}]`
    if (spec.id === '') throw invalidTopology(place, 'a node has an empty id')
    const id = nodeId(spec.id)
    if (nodes.has(id)) throw invalidTopology(place, `the node id ${quoted(id)} is there twice`)
    nodes.set(id, buildNode(id, spec))
    index++
  }
  return nodes
}

function buildNode(id: NodeId, spec: NodeSpec): MeshNode {
  return Object.freeze({
    id,
    name: spec.name ?? id,
    address: spec.address,
    managed: spec.managed ?? false,
    gateway: spec.gateway ?? false,
    position: spec.position && Object.freeze({ ...spec.position }),
    online: spec.online ?? UNKNOWN,
    daemon: spec.daemon ?? UNKNOWN,
    routerId: spec.routerId ?? UNKNOWN,
    prefixes: spec.prefixes ?? UNKNOWN,
    interfaces: Object.freeze((spec.interfaces ?? []).map((iface) => Object.freeze({ ...iface }))),
    clients: spec.clients ?? UNKNOWN,
    loadAverage: spec.loadAverage ?? UNKNOWN,
    attributes: Object.freeze({ ...spec.attributes }),
  })
}

function buildLinks(specs: Iterable<LinkSpec>, nodes: ReadonlyMap<NodeId, MeshNode>): Map<LinkId, Link> {
  const links = new Map<LinkId, Link>()
  const parallels = new Map<LinkId, number>()
  let index = 0
  for (const spec of specs) {
    const place = spec.place ?? `links[${index}]`
    const a = buildSide(spec.a, nodes, place)
    const b = buildSide(spec.b, nodes, place)
    if (a.node === b.node) throw invalidTopology(place, `the node ${quoted(a.node)} is linked to itself`)
    const first = linkIdBetween(a.node, b.node)
    const ordinal = (parallels.get(first) ?? 0) + 1
    parallels.set(first, ordinal)
    if (spec.id === '') throw invalidTopology(place, 'a link has an empty id')
    const id = spec.id === undefined ? linkIdBetween(a.node, b.node, ordinal) : linkId(spec.id)
    if (links.has(id)) throw invalidTopology(place, `the link id ${quoted(id)} is there twice`)
    links.set(id, buildLink(id, a, b, spec))
    index++
  }
  return links
}

function buildLink(id: LinkId, a: LinkSide, b: LinkSide, spec: LinkSpec): Link {
  return Object.freeze({
    id,
    a,
    b,
    up: spec.up ?? UNKNOWN,
    latencyMs: spec.latencyMs ?? UNKNOWN,
    type: spec.type,
    attributes: Object.freeze({ ...spec.attributes }),
  })
}

function buildSide(end: string | SideSpec, nodes: ReadonlyMap<NodeId, MeshNode>, place: string): LinkSide {
  const side: SideSpec = typeof end === 'string' ? { node: end } : end
  const node = nodes.get(side.node as NodeId)
  if (node === undefined)
    throw invalidTopology(place, `the link names ${quoted(side.node)}, which is no node`)
  return Object.freeze({
    node: node.id,
    iface: side.iface,
    etx: side.etx ?? UNKNOWN,
    tq: side.tq ?? UNKNOWN,
    cost: side.cost ?? UNKNOWN,
  })
}

/** INVALID_TOPOLOGY with where (a path such as `links[3]`, or `line 3, column 7`) and what. */
export function invalidTopology(where: string, what: string, cause?: unknown) {
  return meshSwarmError('INVALID_TOPOLOGY', `${where}: ${what}.`, { details: { where, what }, cause })
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
