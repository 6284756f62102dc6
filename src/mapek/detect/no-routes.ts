import type { NodeId } from '../../core/index.ts'
import type { MeshSnapshot } from '../../mesh/index.ts'
import { partNumbers } from '../health/connected-parts.ts'
import type { HealthBook } from '../health/health-book.ts'
import type { NodePair } from '../health/probe-plan.ts'
import type { MapekOptions } from '../options.ts'
import type { Symptom } from './symptom.ts'

type NoRoute = Extract<Symptom, { kind: 'no-route' }>

/** Table look-ups in one round; a larger mesh is gone through in several rounds. */
const LOOKUPS = 40_000
const NEVER = 0
/** Each is asked for a newer sequence number: more of them at once would be slower than one part after the other. */
const MOST_DESTINATIONS = 16
/** babeld believes a new neighbour on a wire after two hellos: up to 12 s at its default timers. */
const NEW_DAEMON_MS = 15_000

interface MissingRoute extends NodePair {
  readonly since: number
}

/**
 * Pairs that had a route and have none for long, though links that pass packets join them. A distance-vector
 * protocol may wait for a newer sequence number that nobody asks for any more (babeld forgets a request that it
 * has passed on into a dead neighbour only after 65 s, and keeps back all others until then). It may also go on sending
 * through a node that was drained, because no other route is feasible. They are one symptom,
 * named after the node that most of the pairs have in common.
 */
export class RouteWatch {
  #nodes: readonly NodeId[] = []
  /** For each ordered pair: 1 once it had a route. */
  #had = new Uint8Array(0)
  /** For each ordered pair: since when the route is missing; `NEVER` where it is not. */
  #missingSince = new Float64Array(0)
  #next = 0
  #blamed: NodeId | undefined

  /** `drained` are nodes that nothing may be sent through: a route by way of one is as good as none. */
  detect(
    snapshot: MeshSnapshot,
    book: HealthBook,
    options: MapekOptions,
    now: number,
    drained: ReadonlySet<NodeId> = new Set(),
  ): readonly NoRoute[] {
    this.#follow(snapshot)
    const size = this.#nodes.length
    const part = componentOf(snapshot, book, options)
    // Without the drained nodes: where only such a node joins two sides, traffic goes through it by right.
    const clearPart = drained.size === 0 ? part : componentOf(snapshot, book, options, drained)
    const goes = (from: NodeId, to: NodeId) => {
      const hop = snapshot.routes.nextHop(from, to)
      if (hop === undefined || hop === to || !drained.has(hop)) return hop !== undefined
      const side = clearPart.get(from)
      return side === undefined || clearPart.get(to) !== side
    }
    const rows = Math.min(size, Math.max(1, Math.floor(LOOKUPS / Math.max(1, size))))
    for (let count = 0; count < rows; count += 1) {
      this.#look(this.#next, goes, part, now)
      this.#next = (this.#next + 1) % size
    }
    // A daemon that has just started anew learns its routes, and the others theirs to it, in its own time.
    const isNew = (node: NodeId) => now - (book.daemon(node)?.since ?? 0) < NEW_DAEMON_MS
    const missing = this.#missing(now - options.noRouteMs).filter(
      ({ from, to }) => !isNew(from) && !isNew(to),
    )
    const worst = blame(missing, this.#blamed)
    this.#blamed = worst?.node
    return worst ? [worst] : []
  }

  /** Pairs without a route for at least so long, whatever else is going on. */
  unsettled(forMs: number, now: number): number {
    return this.#missing(now - forMs).length
  }

  /** What was known of a mesh of other nodes is forgotten. */
  #follow(snapshot: MeshSnapshot): void {
    const nodes = [...snapshot.nodes.values()].filter(({ managed }) => managed).map(({ id }) => id)
    if (nodes.length === this.#nodes.length && nodes.every((id, index) => id === this.#nodes[index])) return
    this.#nodes = nodes
    this.#had = new Uint8Array(nodes.length ** 2)
    this.#missingSince = new Float64Array(nodes.length ** 2)
    this.#next = 0
  }

  #look(
    row: number,
    goes: (from: NodeId, to: NodeId) => boolean,
    part: ReadonlyMap<NodeId, number>,
    now: number,
  ): void {
    const from = this.#nodes[row]
    if (from === undefined) return
    const side = part.get(from)
    this.#nodes.forEach((to, column) => {
      if (to === from) return
      const at = row * this.#nodes.length + column
      if (goes(from, to)) {
        this.#had[at] = 1
        this.#missingSince[at] = NEVER
      } else if (side === undefined || part.get(to) !== side) this.#missingSince[at] = NEVER
      else if (this.#missingSince[at] === NEVER && this.#had[at] === 1) this.#missingSince[at] = now
    })
  }

  #missing(since: number): MissingRoute[] {
    const size = this.#nodes.length
    const pairs: MissingRoute[] = []
    this.#missingSince.forEach((missingSince, at) => {
      if (missingSince === NEVER || missingSince > since) return
      const [from, to] = [this.#nodes[Math.floor(at / size)], this.#nodes[at % size]]
      if (from !== undefined && to !== undefined) pairs.push({ from, to, since: missingSince })
    })
    return pairs
  }
}

/**
 * All pairs to the destinations that are missed most, under the name of the node that most of them have in common; who
 * was blamed before stays blamed among equals.
 */
function blame(missing: readonly MissingRoute[], before: NodeId | undefined): NoRoute | undefined {
  const wanted = new Set(
    mostFirst(countBy(missing, ({ to }) => [to]))
      .slice(0, MOST_DESTINATIONS)
      .map(([to]) => to),
  )
  const pairs = missing.filter(({ to }) => wanted.has(to))
  const counts = countBy(pairs, ({ from, to }) => [from, to])
  if (before !== undefined && counts.has(before)) counts.set(before, (counts.get(before) ?? 0) + 0.5)
  const [worst] = mostFirst(counts)
  if (!worst) return undefined
  const [node] = worst
  const onset = Math.min(...pairs.map(({ since }) => since))
  return { kind: 'no-route', key: `no-route:${node}`, node, onset, pairs }
}

function countBy<T>(items: readonly T[], keysOf: (item: T) => readonly NodeId[]): Map<NodeId, number> {
  const counts = new Map<NodeId, number>()
  for (const item of items) for (const key of keysOf(item)) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}

function mostFirst(counts: ReadonlyMap<NodeId, number>): (readonly [NodeId, number])[] {
  return [...counts].sort(([x, a], [y, b]) => b - a || (x < y ? -1 : 1))
}

/** Which nodes reach each other over links that pass packets, by number; nodes without a running daemon are absent. */
function componentOf(
  snapshot: MeshSnapshot,
  book: HealthBook,
  options: MapekOptions,
  without: ReadonlySet<NodeId> = new Set(),
): ReadonlyMap<NodeId, number> {
  const around = new Map<NodeId, NodeId[]>()
  for (const { id, daemon } of snapshot.nodes.values())
    if (daemon.known && daemon.value === 'running' && !without.has(id)) around.set(id, [])
  for (const link of snapshot.links.values()) {
    if (!link.up.known || !link.up.value) continue
    if (book.both(link).some((direction) => direction.verdict(options) === 'dead')) continue
    const [a, b] = [around.get(link.a.node), around.get(link.b.node)]
    a?.push(link.b.node)
    b?.push(link.a.node)
  }
  return partNumbers(around)
}
