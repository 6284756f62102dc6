import { BinaryHeap } from '../../core/index.ts'
import { arcsTo, shortestPathTree } from './dijkstra.ts'
import type { GraphView } from './graph.ts'
import { IndexHeap } from './heap.ts'

export interface ArcPath {
  readonly arcs: readonly number[]
  readonly sum: number
}

/**
 * The `count` shortest loopless paths in order (Yen, 1971), with Lawler's rule (1972): a spur before the place
 * where a path left its parent was tried already. Paths over parallel links are different paths.
 */
export function kShortestPaths(view: GraphView, source: number, target: number, count: number): ArcPath[] {
  const { graph } = view
  const heap = new IndexHeap(graph.nodeIds.length)
  const scratch = {
    distance: new Float64Array(graph.nodeIds.length),
    arcInto: new Int32Array(graph.nodeIds.length),
  }
  const nodeOut = view.nodeOut.slice()
  const linkOut = view.linkOut.slice()
  const masked = { graph, nodeOut, linkOut }
  const search = (from: number) => arcsTo(view, shortestPathTree(masked, from, target, scratch, heap), target)

  const first = source === target ? undefined : search(source)
  if (first === undefined || count < 1) return []
  const found: (ArcPath & { readonly spur: number })[] = [{ arcs: first, sum: sumOf(view, first), spur: 0 }]
  const candidates = new BinaryHeap<(typeof found)[number]>((a, b) => a.sum < b.sum)
  const seen = new Set([first.join()])
  for (let latest = found[0]; latest !== undefined && found.length < count; latest = candidates.pop()) {
    if (latest !== found[0]) found.push(latest)
    if (found.length >= count) break
    for (let spur = latest.spur; spur < latest.arcs.length; spur++) {
      const root = latest.arcs.slice(0, spur)
      const spurNode = tailOf(view, latest.arcs[spur] as number)
      const closedNodes = root.map((arc) => tailOf(view, arc))
      for (const node of closedNodes) nodeOut[node] = 1
      // The arcs that known paths with the same root take out of the spur node (their links: the root is closed).
      const sameRoot = found.filter(({ arcs }) => root.every((arc, i) => arcs[i] === arc))
      const closedLinks = sameRoot
        .map(({ arcs }) => (arcs[spur] as number) >> 1)
        .filter((link) => linkOut[link] === 0)
      for (const link of closedLinks) linkOut[link] = 1
      const rest = search(spurNode)
      for (const link of closedLinks) linkOut[link] = 0
      for (const node of closedNodes) nodeOut[node] = view.nodeOut[node] as number
      if (rest === undefined) continue
      const arcs = [...root, ...rest]
      const key = arcs.join()
      if (seen.has(key)) continue
      seen.add(key)
      candidates.push({ arcs, sum: sumOf(view, arcs), spur })
    }
  }
  return found
}

function sumOf({ graph }: GraphView, arcs: readonly number[]): number {
  return arcs.reduce((sum, arc) => sum + (graph.weights[arc] as number), 0)
}

function tailOf({ graph }: GraphView, arc: number): number {
  return graph.heads[arc ^ 1] as number
}
