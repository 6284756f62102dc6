import type { GraphView } from './graph.ts'
import { IndexHeap } from './heap.ts'

/** Shortest ways from one node to all: sums of weights (Infinity: no way) and the arc that leads in (-1: none). */
export interface ShortestPathTree {
  readonly source: number
  readonly distance: Float64Array
  readonly arcInto: Int32Array
}

/**
 * Dijkstra's algorithm (1959). Weights are never negative. Ends early at `target` (its own way is final then,
 * others may not be). `into` and `heap` are reused where given. A source that is left out reaches nothing.
 */
export function shortestPathTree(
  { graph, nodeOut, linkOut }: GraphView,
  source: number,
  target = -1,
  into?: { readonly distance: Float64Array; readonly arcInto: Int32Array },
  heap = new IndexHeap(graph.nodeIds.length),
): ShortestPathTree {
  const { offsets, arcs, heads, weights } = graph
  const count = graph.nodeIds.length
  const distance = into?.distance ?? new Float64Array(count)
  const arcInto = into?.arcInto ?? new Int32Array(count)
  distance.fill(Number.POSITIVE_INFINITY)
  arcInto.fill(-1)
  heap.clear()
  if (nodeOut[source] === 0) {
    distance[source] = 0
    heap.push(source, 0)
  }
  for (let node = heap.pop(); node >= 0 && node !== target; node = heap.pop()) {
    const base = distance[node] as number
    const end = offsets[node + 1] as number
    for (let slot = offsets[node] as number; slot < end; slot++) {
      const arc = arcs[slot] as number
      const head = heads[arc] as number
      const through = base + (weights[arc] as number)
      if (through >= (distance[head] as number) || linkOut[arc >> 1] === 1 || nodeOut[head] === 1) continue
      distance[head] = through
      arcInto[head] = arc
      heap.push(head, through)
    }
  }
  return { source, distance, arcInto }
}

/** The arcs from the tree's source to `target`; undefined where there is no way. */
export function arcsTo(
  { graph }: GraphView,
  { source, distance, arcInto }: ShortestPathTree,
  target: number,
): number[] | undefined {
  if (distance[target] === Number.POSITIVE_INFINITY) return undefined
  const path: number[] = []
  for (let node = target; node !== source; ) {
    const arc = arcInto[node] as number
    path.push(arc)
    node = graph.heads[arc ^ 1] as number
  }
  return path.reverse()
}
