import { type LinkId, meshSwarmError, type NodeId } from '../../core/index.ts'
import type { MeshSnapshot } from '../model.ts'
import { arcWeight, type RouterMetric, type Weight } from './metric.ts'

/**
 * A snapshot as a graph in compressed sparse rows. Link i is arc 2i (a to b) and arc 2i + 1 (b to a); the arcs
 * that leave node v stand in `arcs[offsets[v] .. offsets[v + 1]]`.
 */
export interface MeshGraph {
  readonly nodeIds: readonly NodeId[]
  readonly linkIds: readonly LinkId[]
  readonly nodeIndex: ReadonlyMap<NodeId, number>
  readonly linkIndex: ReadonlyMap<LinkId, number>
  readonly offsets: Int32Array
  readonly arcs: Int32Array
  /**
   * By arc: the node that it leads to, and its weight. Infinity, always in both directions, where nothing gets
   * through in one: neither babel nor B.A.T.M.A.N. uses a link that acknowledgements cannot return on.
   */
  readonly heads: Int32Array
  readonly weights: Float64Array
  /** By arc: 1 where the weight is an assumption. */
  readonly assumed: Uint8Array
}

/** A graph with parts left out. Views share the graph; only the masks are their own. */
export interface GraphView {
  readonly graph: MeshGraph
  /** By node, by link: 1 where it is left out. */
  readonly nodeOut: Uint8Array
  readonly linkOut: Uint8Array
}

const DEAD: Weight = { value: Number.POSITIVE_INFINITY, assumed: false }

export function buildGraph(snapshot: MeshSnapshot, metric: RouterMetric, assume: number): MeshGraph {
  const nodeIds = [...snapshot.nodes.keys()]
  const links = [...snapshot.links.values()]
  const nodeIndex = new Map(nodeIds.map((id, i) => [id, i]))
  const indexOf = (id: NodeId): number => {
    const index = nodeIndex.get(id)
    if (index === undefined)
      throw meshSwarmError('INVARIANT', `A link of the snapshot names ${id}, no node of it.`)
    return index
  }
  const heads = new Int32Array(2 * links.length)
  const weights = new Float64Array(2 * links.length)
  const assumed = new Uint8Array(2 * links.length)
  const offsets = new Int32Array(nodeIds.length + 1)
  const put = (arc: number, tail: number, head: number, weight: Weight): void => {
    heads[arc] = head
    weights[arc] = weight.value
    assumed[arc] = weight.assumed ? 1 : 0
    offsets[tail + 1] = (offsets[tail + 1] as number) + 1
  }
  links.forEach((link, i) => {
    const [a, b] = [indexOf(link.a.node), indexOf(link.b.node)]
    const there = arcWeight(link, link.a, metric, assume)
    const back = arcWeight(link, link.b, metric, assume)
    const dead = there.value === Number.POSITIVE_INFINITY || back.value === Number.POSITIVE_INFINITY
    put(2 * i, a, b, dead ? DEAD : there)
    put(2 * i + 1, b, a, dead ? DEAD : back)
  })
  for (let v = 0; v < nodeIds.length; v++)
    offsets[v + 1] = (offsets[v + 1] as number) + (offsets[v] as number)
  const linkIds = links.map((link) => link.id)
  const linkIndex = new Map(linkIds.map((id, i) => [id, i]))
  const arcs = fillRows(offsets, heads)
  return { nodeIds, linkIds, nodeIndex, linkIndex, offsets, arcs, heads, weights, assumed }
}

function fillRows(offsets: Int32Array, heads: Int32Array): Int32Array {
  const next = offsets.slice()
  const arcs = new Int32Array(heads.length)
  for (let arc = 0; arc < heads.length; arc++) {
    const tail = heads[arc ^ 1] as number
    const slot = next[tail] as number
    arcs[slot] = arc
    next[tail] = slot + 1
  }
  return arcs
}

/** Whether the link carries traffic in this view. */
export function isUsable({ graph, nodeOut, linkOut }: GraphView, link: number): boolean {
  return (
    linkOut[link] === 0 &&
    nodeOut[graph.heads[2 * link] as number] === 0 &&
    nodeOut[graph.heads[2 * link + 1] as number] === 0 &&
    graph.weights[2 * link] !== Number.POSITIVE_INFINITY
  )
}
