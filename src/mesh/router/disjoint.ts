import { FlowNetwork } from './flow.ts'
import { type GraphView, isUsable } from './graph.ts'

/** Node v split in two: everything enters at 2v and leaves at 2v + 1; one more node is the sink of several targets. */
function splitNetwork(view: GraphView, source: number, targets: readonly number[]) {
  const { graph } = view
  const count = graph.nodeIds.length
  const network = new FlowNetwork(2 * count + 1)
  const sink = targets.length === 1 ? 2 * (targets[0] as number) : 2 * count
  for (let v = 0; v < count; v++) {
    if (view.nodeOut[v] === 0 && v !== source) network.addArc(2 * v, 2 * v + 1, 1)
  }
  const arcOf = new Map<number, number>()
  for (let arc = 0; arc < graph.heads.length; arc++) {
    if (!isUsable(view, arc >> 1)) continue
    const [tail, head] = [graph.heads[arc ^ 1] as number, graph.heads[arc] as number]
    arcOf.set(network.addArc(2 * tail + 1, 2 * head, 1, graph.weights[arc] as number), arc)
  }
  if (targets.length !== 1) for (const target of targets) network.addArc(2 * target + 1, sink, 1)
  return { network, start: 2 * source + 1, sink, arcOf }
}

/**
 * Up to `count` paths that share no node but their ends, with the smallest sum of weights together (Suurballe,
 * 1974; Bhandari, 1999). Fewer where there are no more. Parallel direct links are separate paths.
 */
export function disjointPaths(view: GraphView, source: number, target: number, count: number): number[][] {
  if (source === target || view.nodeOut[source] === 1 || view.nodeOut[target] === 1) return []
  const { network, start, sink, arcOf } = splitNetwork(view, source, [target])
  const units = network.minCostFlow(start, sink, count)
  const leaving = new Map<number, number[]>()
  for (const [flowArc, arc] of arcOf) {
    if (network.flowOn(flowArc) === 0) continue
    const tail = view.graph.heads[arc ^ 1] as number
    leaving.set(tail, [...(leaving.get(tail) ?? []), arc])
  }
  return Array.from({ length: units }, () => {
    const path: number[] = []
    for (let node = source; node !== target; ) {
      const arc = leaving.get(node)?.pop()
      if (arc === undefined) break
      path.push(arc)
      node = view.graph.heads[arc] as number
    }
    return path
  })
}

/**
 * How many paths from the source share no node but the source (and the target, where there is one only: to
 * several targets each path ends at another one). Counts up to `limit`.
 */
export function disjointPathCount(
  view: GraphView,
  source: number,
  targets: readonly number[],
  limit: number,
): number {
  const others = targets.filter((target) => target !== source && view.nodeOut[target] === 0)
  if (others.length === 0 || view.nodeOut[source] === 1) return 0
  const { network, start, sink } = splitNetwork(view, source, others)
  return network.maxFlow(start, sink, limit)
}
