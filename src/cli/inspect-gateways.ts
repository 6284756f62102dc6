import type { NodeId } from '../core/index.ts'
import { buildSnapshot, MeshRouter, type MeshSnapshot } from '../mesh/index.ts'
import type { NodeRef } from './node-ref.ts'

export interface GatewayReport extends NodeRef {
  readonly online: boolean | null
  /** Usable links. */
  readonly links: number
  /** Nodes for which it is the nearest gateway. */
  readonly serves: number
  /** Paths to the other gateways that share no node, each to another one; null where there is no other. */
  readonly disjointPaths: number | null
  /** What its failure leaves without any gateway. */
  readonly loseTheirLast: readonly NodeRef[]
}

/** Among online nodes that are no gateways. */
export interface Protection {
  /** No single node or link (no single gateway either) stands between them and every gateway. */
  readonly protected: number
  /** They reach a gateway, but one failure can end that. */
  readonly exposed: number
  /** They reach none now. */
  readonly without: number
}

export function gatewayReports(
  snapshot: MeshSnapshot,
  router: MeshRouter,
  ref: (id: NodeId) => NodeRef,
): GatewayReport[] {
  const all = [...snapshot.nodes.values()].filter((node) => node.gateway)
  const alive = all.filter((node) => !node.online.known || node.online.value).map((node) => node.id)
  const served = nearestGateway(router, alive)
  const reaching = reachesAny(router, alive)
  const degrees = usableDegrees(snapshot)
  const reports = all.map((node): GatewayReport => {
    const others = alive.filter((id) => id !== node.id)
    const isAlive = alive.includes(node.id)
    const after = isAlive ? reachesAny(router.whatIf({ withoutNodes: [node.id] }), others) : reaching
    const lost = [...reaching].filter((id) => id !== node.id && !after.has(id))
    return {
      ...ref(node.id),
      online: node.online.known ? node.online.value : null,
      links: isAlive ? (degrees.get(node.id) ?? 0) : 0,
      serves: served.get(node.id) ?? 0,
      disjointPaths: others.length === 0 ? null : router.disjointPathCount(node.id, others),
      loseTheirLast: lost.map(ref),
    }
  })
  return reports.sort((a, b) => b.loseTheirLast.length - a.loseTheirLast.length || b.serves - a.serves)
}

/** Undefined for a mesh without gateways. */
export function protectionOf(snapshot: MeshSnapshot): Protection | undefined {
  const nodes = [...snapshot.nodes.values()]
  const alive = nodes.filter((node) => !node.online.known || node.online.value)
  const gateways = alive.filter((node) => node.gateway)
  if (gateways.length === 0) return undefined
  // The world beyond the gateways as one more node: who shares a biconnected part with it has two ways there.
  const world = `${nodes.map((node) => node.id).reduce((a, b) => (a.length > b.length ? a : b))}+`
  const uplinks = gateways.map(({ id }) => ({ a: world, b: id }))
  const links = [...snapshot.links.values()].map(({ a, b, up }) => ({ a, b, up }))
  const extended = buildSnapshot({
    takenAt: 0,
    source: 'derived',
    nodes: [...nodes, { id: world }],
    links: [...links, ...uplinks],
  })
  const router = new MeshRouter(extended, { metric: 'etx' })
  const safe = new Set<NodeId>()
  for (const block of router.biconnectedComponents()) {
    const ends = block.flatMap((id) => {
      const link = extended.links.get(id)
      return link === undefined ? [] : [link.a.node, link.b.node]
    })
    if (block.length > 1 && ends.some((id) => id === world)) for (const id of ends) safe.add(id)
  }
  const ordinary = alive.filter((node) => !node.gateway)
  const reaching = reachesAny(
    router,
    gateways.map((node) => node.id),
  )
  const isSafe = ordinary.filter((node) => safe.has(node.id)).length
  const connected = ordinary.filter((node) => reaching.has(node.id)).length
  return { protected: isSafe, exposed: connected - isSafe, without: ordinary.length - connected }
}

/** Nodes for which each gateway is the cheapest, gateways left out. */
function nearestGateway(router: MeshRouter, gateways: readonly NodeId[]): ReadonlyMap<NodeId, number> {
  const best = new Map<NodeId, { readonly gateway: NodeId; readonly cost: number }>()
  for (const gateway of gateways) {
    for (const [id, cost] of router.costsFrom(gateway)) {
      const before = best.get(id)
      if (before === undefined || cost < before.cost) best.set(id, { gateway, cost })
    }
  }
  const served = new Map<NodeId, number>()
  for (const [id, { gateway }] of best) {
    if (!gateways.includes(id)) served.set(gateway, (served.get(gateway) ?? 0) + 1)
  }
  return served
}

function reachesAny(router: MeshRouter, gateways: readonly NodeId[]): ReadonlySet<NodeId> {
  const wanted = new Set(gateways)
  return new Set(router.components().flatMap((part) => (part.some((id) => wanted.has(id)) ? part : [])))
}

function usableDegrees(snapshot: MeshSnapshot): ReadonlyMap<NodeId, number> {
  const degrees = new Map<NodeId, number>()
  const gone = (id: NodeId) => {
    const online = snapshot.nodes.get(id)?.online
    return online?.known === true && !online.value
  }
  for (const { a, b, up } of snapshot.links.values()) {
    if ((up.known && !up.value) || gone(a.node) || gone(b.node)) continue
    for (const { node } of [a, b]) degrees.set(node, (degrees.get(node) ?? 0) + 1)
  }
  return degrees
}
