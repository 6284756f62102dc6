import type { LinkId, NodeId } from '../../core/index.ts'
import type { MeshSnapshot } from '../model.ts'
import { AllPairs } from './all-pairs.ts'
import { findComponents } from './components.ts'
import { minLinkCut, minNodeCut } from './cut.ts'
import { arcsTo, shortestPathTree } from './dijkstra.ts'
import { disjointPathCount, disjointPaths } from './disjoint.ts'
import { buildGraph, type GraphView } from './graph.ts'
import { type ReachabilityLoss, reachabilityLoss } from './loss.ts'
import { checkedAssumption, DEFAULT_ASSUMED, pathMetric, type RouterMetric } from './metric.ts'
import { linkIndexOf, type MeshPath, meshPath, nodeIndexOf } from './path.ts'
import { findStructure, type Structure } from './structure.ts'
import { kShortestPaths } from './yen.ts'

export interface RouterOptions {
  /** `etx` unless told. */
  readonly metric?: RouterMetric
  /** What a direction of unknown quality is taken to be, in the metric's unit; `DEFAULT_ASSUMED` unless told. */
  readonly assume?: number
  /** Keep nodes that are known to be offline. They carry no traffic and are left out unless told. */
  readonly includeOffline?: boolean
}

export interface WhatIf {
  readonly withoutNodes?: Iterable<NodeId>
  readonly withoutLinks?: Iterable<LinkId>
}

/**
 * Paths and weak points of one snapshot. Left out: links known to be down or to let nothing through in one
 * direction, and nodes known to be offline. Unknown is neither: such a link is kept with an assumed quality, and
 * every path says which of its links are assumed. All queries take ids and throw NODE_NOT_FOUND or
 * LINK_NOT_FOUND for strangers. It keeps no reference to later snapshots: a new one takes a new router.
 */
export class MeshRouter {
  readonly metric: RouterMetric
  readonly assume: number
  readonly #snapshot: MeshSnapshot
  readonly #options: RouterOptions
  readonly #view: GraphView
  #structure: Structure | undefined

  /** `view` is for `whatIf` alone. */
  constructor(snapshot: MeshSnapshot, options: RouterOptions = {}, view?: GraphView) {
    this.metric = options.metric ?? 'etx'
    this.assume = checkedAssumption(this.metric, options.assume ?? DEFAULT_ASSUMED[this.metric])
    this.#snapshot = snapshot
    this.#options = options
    this.#view = view ?? wholeView(snapshot, this.metric, this.assume, options.includeOffline ?? false)
  }

  /** The same mesh without these, as a view on the same graph: cheap. Views of views add up. */
  whatIf({ withoutNodes = [], withoutLinks = [] }: WhatIf): MeshRouter {
    const { graph } = this.#view
    const nodeOut = this.#view.nodeOut.slice()
    const linkOut = this.#view.linkOut.slice()
    for (const id of withoutNodes) nodeOut[nodeIndexOf(graph, id)] = 1
    for (const id of withoutLinks) linkOut[linkIndexOf(graph, id)] = 1
    return new MeshRouter(this.#snapshot, this.#options, { graph, nodeOut, linkOut })
  }

  /** What the others lose when these fail. */
  lossOf(loss: WhatIf): ReachabilityLoss {
    return reachabilityLoss(this.#view, this.whatIf(loss).#view)
  }

  /** The best path; undefined where there is none. From a node to itself: the node alone. */
  shortestPath(from: NodeId, to: NodeId): MeshPath | undefined {
    const [source, target] = this.#ends(from, to)
    const arcs = arcsTo(this.#view, shortestPathTree(this.#view, source, target), target)
    return arcs && this.#path(source, arcs)
  }

  /** Cost from one node to every node that it reaches, itself included, in the metric's unit. */
  costsFrom(from: NodeId): ReadonlyMap<NodeId, number> {
    const { distance } = shortestPathTree(this.#view, nodeIndexOf(this.#view.graph, from))
    const costs = new Map<NodeId, number>()
    this.#view.graph.nodeIds.forEach((id, node) => {
      const sum = distance[node] as number
      if (sum !== Number.POSITIVE_INFINITY) costs.set(id, pathMetric(this.metric, sum))
    })
    return costs
  }

  allPairs(): AllPairs {
    return new AllPairs(this.#view, this.metric)
  }

  /** Up to `count` loopless paths, best first. */
  kShortestPaths(from: NodeId, to: NodeId, count: number): readonly MeshPath[] {
    const [source, target] = this.#ends(from, to)
    return kShortestPaths(this.#view, source, target, count).map(({ arcs }) => this.#path(source, arcs))
  }

  /** Up to `count` paths that share no node but their ends, cheapest together; the best of them first. */
  disjointPaths(from: NodeId, to: NodeId, count: number): readonly MeshPath[] {
    const [source, target] = this.#ends(from, to)
    const paths = disjointPaths(this.#view, source, target, count).map((arcs) => this.#path(source, arcs))
    return paths.sort((a, b) => (this.metric === 'tq' ? b.cost - a.cost : a.cost - b.cost))
  }

  /** The node-disjoint pair of the smallest cost together; undefined where one node or link is on every path. */
  disjointPair(from: NodeId, to: NodeId): readonly [MeshPath, MeshPath] | undefined {
    const [first, second] = this.disjointPaths(from, to, 2)
    return first && second && [first, second]
  }

  /**
   * Number of paths that share no node but their ends, counted up to `limit`. To several targets each path ends
   * at another one. 2 or more: no single node or link parts them.
   */
  disjointPathCount(from: NodeId, to: NodeId | readonly NodeId[], limit = Number.POSITIVE_INFINITY): number {
    const { graph } = this.#view
    const targets = (typeof to === 'string' ? [to] : to).map((id) => nodeIndexOf(graph, id))
    return disjointPathCount(this.#view, nodeIndexOf(graph, from), targets, limit)
  }

  /** A smallest set of links that parts the two; empty where they are parted already. */
  minLinkCut(from: NodeId, to: NodeId): readonly LinkId[] {
    const [source, target] = this.#ends(from, to)
    return source === target ? [] : minLinkCut(this.#view, source, target).map((link) => this.#linkId(link))
  }

  /** A smallest set of other nodes that parts the two; undefined where they are neighbours: no set can. */
  minNodeCut(from: NodeId, to: NodeId): readonly NodeId[] | undefined {
    const [source, target] = this.#ends(from, to)
    if (source === target) return undefined
    return minNodeCut(this.#view, source, target)?.map((node) => this.#nodeId(node))
  }

  /** Links whose loss alone splits their component. */
  bridges(): readonly LinkId[] {
    return this.#getStructure().bridges.map((link) => this.#linkId(link))
  }

  /** Nodes whose loss alone splits the rest of their component. */
  articulationPoints(): readonly NodeId[] {
    return this.#getStructure().articulations.map((node) => this.#nodeId(node))
  }

  /** Parts that no single node's loss splits, as links: every usable link is in exactly one. */
  biconnectedComponents(): readonly (readonly LinkId[])[] {
    return this.#getStructure().blocks.map((block) => block.map((link) => this.#linkId(link)))
  }

  /** Connected components, largest first. Nodes that are left out are in none. */
  components(): readonly (readonly NodeId[])[] {
    const { of, sizes } = findComponents(this.#view)
    const components: NodeId[][] = sizes.map(() => [])
    of.forEach((component, node) => {
      components[component]?.push(this.#nodeId(node))
    })
    return components.sort((a, b) => b.length - a.length)
  }

  #getStructure(): Structure {
    this.#structure ??= findStructure(this.#view)
    return this.#structure
  }

  #path(source: number, arcs: readonly number[]): MeshPath {
    return meshPath(this.#view, this.metric, source, arcs)
  }

  #ends(from: NodeId, to: NodeId): readonly [number, number] {
    return [nodeIndexOf(this.#view.graph, from), nodeIndexOf(this.#view.graph, to)]
  }

  #nodeId(node: number): NodeId {
    return this.#view.graph.nodeIds[node] as NodeId
  }

  #linkId(link: number): LinkId {
    return this.#view.graph.linkIds[link] as LinkId
  }
}

function wholeView(
  snapshot: MeshSnapshot,
  metric: RouterMetric,
  assume: number,
  includeOffline: boolean,
): GraphView {
  const graph = buildGraph(snapshot, metric, assume)
  const nodeOut = Uint8Array.from(snapshot.nodes.values(), ({ online }) =>
    !includeOffline && online.known && !online.value ? 1 : 0,
  )
  const linkOut = Uint8Array.from(snapshot.links.values(), ({ up }) => (up.known && !up.value ? 1 : 0))
  return { graph, nodeOut, linkOut }
}
