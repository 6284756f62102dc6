import { FlowNetwork } from './flow.ts'
import { type GraphView, isUsable } from './graph.ts'

/** A smallest set of links whose loss parts the two nodes (Menger; Ford and Fulkerson). Empty: parted already. */
export function minLinkCut(view: GraphView, source: number, target: number): number[] {
  const { graph } = view
  const network = new FlowNetwork(graph.nodeIds.length)
  const usable = [...graph.linkIds.keys()].filter((link) => isUsable(view, link))
  for (const link of usable) {
    const [b, a] = endsOf(view, link)
    network.addArc(a, b, 1)
    network.addArc(b, a, 1)
  }
  network.maxFlow(source, target)
  const side = network.sourceSide(source)
  return usable.filter((link) => {
    const [b, a] = endsOf(view, link)
    return side[a] !== side[b]
  })
}

/**
 * A smallest set of nodes, neither of the two among them, whose loss parts them. Undefined where no such set
 * can: they are linked directly.
 */
export function minNodeCut(view: GraphView, source: number, target: number): number[] | undefined {
  const { graph, nodeOut } = view
  const count = graph.nodeIds.length
  const network = new FlowNetwork(2 * count)
  for (let v = 0; v < count; v++) if (nodeOut[v] === 0) network.addArc(2 * v, 2 * v + 1, 1)
  for (let arc = 0; arc < graph.heads.length; arc++) {
    if (!isUsable(view, arc >> 1)) continue
    const [tail, head] = [graph.heads[arc ^ 1] as number, graph.heads[arc] as number]
    if (tail === source && head === target) return undefined
    network.addArc(2 * tail + 1, 2 * head, count)
  }
  network.maxFlow(2 * source + 1, 2 * target)
  const side = network.sourceSide(2 * source + 1)
  return [...graph.nodeIds.keys()].filter((v) => v !== source && side[2 * v] === 1 && side[2 * v + 1] === 0)
}

function endsOf({ graph }: GraphView, link: number): [number, number] {
  return [graph.heads[2 * link] as number, graph.heads[2 * link + 1] as number]
}
