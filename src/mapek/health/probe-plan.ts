import type { NodeId } from '../../core/index.ts'
import type { Link, MeshSnapshot, ProbeRequest } from '../../mesh/index.ts'
import type { MapekOptions } from '../options.ts'
import type { HealthBook } from './health-book.ts'
import type { PairHealth } from './pair-health.ts'

export interface NodePair {
  readonly from: NodeId
  readonly to: NodeId
}

const SUSPICIOUS_COUNT = 5
const SUSPICIOUS_INTERVAL_MS = 20

/** The probes of one round over the links: every known direction, harder where something was lost lately. */
export function linkProbes(
  snapshot: MeshSnapshot,
  book: HealthBook,
  options: MapekOptions,
  round: number,
): ProbeRequest[] {
  const requests: ProbeRequest[] = []
  for (const link of snapshot.links.values()) {
    for (const direction of book.both(link)) {
      const { suspicious } = direction
      // A direction that answers nothing at all needs no more packets to be believed.
      const hard = suspicious && direction.small.deadTicks === 0
      requests.push(request(direction, link, options.smallBytes, hard ? SUSPICIOUS_COUNT : 1, options))
      if (suspicious || round % 2 === 0) {
        requests.push(request(direction, link, options.largeBytes, 1, options))
      }
    }
  }
  return requests
}

function request(
  pair: NodePair,
  link: Link,
  bytes: number,
  count: number,
  options: MapekOptions,
): ProbeRequest {
  return { from: pair.from, to: pair.to, link: link.id, ...train(bytes, count, options) }
}

/** A packet, or several that are spread over half a round. */
function train(bytes: number, count: number, options: MapekOptions) {
  const intervalMs = count > 1 ? SUSPICIOUS_INTERVAL_MS : 0
  return { bytes, count, intervalMs, timeoutMs: options.probeTimeoutMs }
}

/** The probes of one round over the watched pairs, harder where packets were lost on their present path. */
export function pairProbes(pairs: Iterable<PairHealth>, options: MapekOptions): ProbeRequest[] {
  return [...pairs].map(({ from, to, window }) => {
    const hard = window.totals().lost > 0 && window.deadTicks === 0
    return { from, to, ...train(options.smallBytes, hard ? SUSPICIOUS_COUNT : 1, options) }
  })
}

/**
 * Pairs whose present path runs through each transit node, `pairsPerTransit` each, the shortest paths first: the
 * fewer nodes a path has, the clearer it is who lost the packet. Boolean network tomography in its plainest form.
 */
export function transitPairs(snapshot: MeshSnapshot, options: MapekOptions): readonly NodePair[] {
  const neighbours = neighbourMap(snapshot)
  const chosen = new Map<string, NodePair>()
  for (const [transit, around] of neighbours) {
    const candidates: (NodePair & { readonly hops: number })[] = []
    for (const from of around) {
      for (const to of destinations(transit, from, neighbours)) {
        if (snapshot.routes.nextHop(from, to) !== transit) continue
        const path = snapshot.routes.path(from, to)
        if (path) candidates.push({ from, to, hops: path.length })
      }
    }
    candidates.sort((x, y) => x.hops - y.hops)
    for (const { from, to } of spreadOut(candidates, options.pairsPerTransit))
      chosen.set(`${from}>${to}`, { from, to })
  }
  return [...chosen.values()]
}

/** Other neighbours of the transit node first, and what lies one hop behind them. */
function destinations(
  transit: NodeId,
  from: NodeId,
  neighbours: ReadonlyMap<NodeId, readonly NodeId[]>,
): Set<NodeId> {
  const found = new Set<NodeId>()
  for (const near of neighbours.get(transit) ?? []) {
    if (near === from) continue
    found.add(near)
    for (const far of neighbours.get(near) ?? []) if (far !== from && far !== transit) found.add(far)
  }
  return found
}

/** The first `count`, no source or destination twice while others are left. */
function spreadOut<T extends NodePair>(sorted: readonly T[], count: number): T[] {
  const picked: T[] = []
  const used = new Set<NodeId>()
  for (const fresh of [true, false]) {
    for (const pair of sorted) {
      if (picked.length >= count) return picked
      if (picked.includes(pair)) continue
      if (fresh && (used.has(pair.from) || used.has(pair.to))) continue
      picked.push(pair)
      used.add(pair.from)
      used.add(pair.to)
    }
  }
  return picked
}

/** The neighbours of every node, over the links that count: all, unless told. Two for a pair with parallel links. */
export function neighbourMap(
  snapshot: MeshSnapshot,
  counts: (link: Link) => boolean = () => true,
): Map<NodeId, NodeId[]> {
  const neighbours = new Map<NodeId, NodeId[]>()
  for (const node of snapshot.nodes.keys()) neighbours.set(node, [])
  for (const link of snapshot.links.values()) {
    if (!counts(link)) continue
    neighbours.get(link.a.node)?.push(link.b.node)
    neighbours.get(link.b.node)?.push(link.a.node)
  }
  return neighbours
}
