import type { LinkId, NodeId } from '../../core/index.ts'
import type { DaemonState, Link, MeshNode, MeshSnapshot, ProbeResult } from '../../mesh/index.ts'
import type { MapekOptions } from '../options.ts'
import { DirectionHealth } from './link-health.ts'
import { PairHealth } from './pair-health.ts'

/**
 * What the swarm has measured lately: link directions, pairs, daemons. The one mutable state of Monitor;
 * detectors only read it.
 */
export class HealthBook {
  readonly #options: MapekOptions
  readonly #directions = new Map<string, DirectionHealth>()
  readonly #pairs = new Map<string, PairHealth>()
  readonly #daemons = new Map<
    NodeId,
    { readonly state: DaemonState; readonly router: string | undefined; readonly since: number }
  >()
  /** Receive cost of each interface when it was first seen good: what "as configured" means. */
  readonly #nominalCost = new Map<string, number>()
  /** The receive cost that each interface announces now, and since when it is that. */
  readonly #cost = new Map<string, { readonly rxcost: number; readonly since: number }>()

  constructor(options: MapekOptions) {
    this.#options = options
  }

  direction(link: LinkId, from: NodeId, to: NodeId): DirectionHealth {
    const key = `${link}>${from}`
    let health = this.#directions.get(key)
    if (!health) {
      health = new DirectionHealth(from, to, this.#options.windowTicks)
      this.#directions.set(key, health)
    }
    return health
  }

  both(link: Link): readonly [DirectionHealth, DirectionHealth] {
    return [
      this.direction(link.id, link.a.node, link.b.node),
      this.direction(link.id, link.b.node, link.a.node),
    ]
  }

  pair(from: NodeId, to: NodeId, now: number): PairHealth {
    const key = `${from}>${to}`
    let health = this.#pairs.get(key)
    if (!health) {
      health = new PairHealth(from, to, this.#options.windowTicks, now)
      this.#pairs.set(key, health)
    }
    return health
  }

  pairs(): Iterable<PairHealth> {
    return this.#pairs.values()
  }

  /** Pairs that are no longer probed are forgotten. */
  keepPairs(keys: ReadonlySet<string>): void {
    for (const key of this.#pairs.keys()) if (!keys.has(key)) this.#pairs.delete(key)
  }

  /**
   * Takes in the probes that were sent together at `sentAt`. A pair whose way led over a link that lost packets in
   * the same round says nothing about the nodes between: what is lost there is the link's.
   */
  recordRound(results: readonly ProbeResult[], sentAt: number): void {
    const lossy = new Set<string>()
    for (const result of results) {
      const { link, from, to } = result.request
      if (link !== undefined && this.#recordLink(link, result, sentAt)) lossy.add(pairKey(from, to))
    }
    for (const result of results) {
      const { link, from, to } = result.request
      const pair = link === undefined ? this.#pairs.get(pairKey(from, to)) : undefined
      // Packets of a path that was still settling say nothing about the nodes on it either.
      if (!pair || sentAt - pair.pathSince < this.#options.pathSettleMs) continue
      const { path } = pair
      if (path?.some((node, hop) => lossy.has(pairKey(path[hop - 1] ?? node, node)))) continue
      const { sent, lost } = countOf(result)
      pair.window.add(sent, lost, sentAt)
    }
  }

  /** Says whether any packet was lost. */
  #recordLink(link: LinkId, result: ProbeResult, sentAt: number): boolean {
    const { request } = result
    const { sent, lost } = countOf(result)
    const delayMs = result.delayMs.known ? result.delayMs.value : undefined
    const size = request.bytes > this.#options.smallBytes ? 'large' : 'small'
    const health = this.direction(link, request.from, request.to)
    health.add(size, { sent, lost, delayMs, at: sentAt }, this.#options)
    return lost > 0
  }

  /** Follows the daemons and the paths of the watched pairs. */
  observe(snapshot: MeshSnapshot, now: number): void {
    for (const node of snapshot.nodes.values()) {
      if (node.daemon.known) this.#observeDaemon(node, node.daemon.value, now)
      for (const iface of node.interfaces) {
        const key = `${node.id}/${iface.name}`
        if (!iface.rxcost.known) continue
        const rxcost = iface.rxcost.value
        if (!this.#nominalCost.has(key)) this.#nominalCost.set(key, rxcost)
        if (this.#cost.get(key)?.rxcost !== rxcost) this.#cost.set(key, { rxcost, since: now })
      }
    }
    for (const pair of this.#pairs.values()) pair.follow(snapshot.routes.path(pair.from, pair.to), now)
  }

  /** A restart may be over before anybody has seen the daemon gone: then only the router id is another. */
  #observeDaemon({ id, routerId }: MeshNode, state: DaemonState, now: number): void {
    const last = this.#daemons.get(id)
    const router = routerId.known ? routerId.value : last?.router
    const isSame = last?.state === state && (last.router === undefined || last.router === router)
    // A daemon that runs when it is first seen has done so for nobody knows how long.
    const began = last === undefined && state === 'running' ? Number.NEGATIVE_INFINITY : now
    this.#daemons.set(id, { state, router, since: isSame ? last.since : began })
  }

  daemon(node: NodeId): { readonly state: DaemonState; readonly since: number } | undefined {
    return this.#daemons.get(node)
  }

  nominalCost(node: NodeId, iface: string): number | undefined {
    return this.#nominalCost.get(`${node}/${iface}`)
  }

  /** Since when the interface announces the cost that it announces; undefined where it never announced any. */
  costSince(node: NodeId, iface: string): number | undefined {
    return this.#cost.get(`${node}/${iface}`)?.since
  }

  /** What an operator, or an earlier run's journal, says that the cost should be. */
  setNominalCost(node: NodeId, iface: string, rxcost: number): void {
    this.#nominalCost.set(`${node}/${iface}`, rxcost)
  }
}

/** Of a probe that could not be sent as a whole (no route, stopped interface) only what arrived says something. */
function countOf({ request, sent, received, error }: ProbeResult): { sent: number; lost: number } {
  const count = error === undefined ? Math.max(sent, request.count) : received
  return { sent: count, lost: count - received }
}

export function pairKey(from: NodeId, to: NodeId): string {
  return `${from}>${to}`
}
