import { type GraphView, isUsable } from './graph.ts'

/** By node: the number of its component, from 0 in the order of first nodes; -1 for nodes left out. */
export interface Components {
  readonly of: Int32Array
  readonly sizes: readonly number[]
}

/** Connected components, breadth first. */
export function findComponents(view: GraphView): Components {
  const { graph, nodeOut } = view
  const of = new Int32Array(graph.nodeIds.length).fill(-1)
  const sizes: number[] = []
  const queue = new Int32Array(graph.nodeIds.length)
  for (let start = 0; start < of.length; start++) {
    if (of[start] !== -1 || nodeOut[start] === 1) continue
    let [read, write] = [0, 0]
    queue[write++] = start
    of[start] = sizes.length
    while (read < write) {
      const node = queue[read++] as number
      for (let slot = graph.offsets[node] as number; slot < (graph.offsets[node + 1] as number); slot++) {
        const arc = graph.arcs[slot] as number
        const head = graph.heads[arc] as number
        if (of[head] !== -1 || !isUsable(view, arc >> 1)) continue
        of[head] = sizes.length
        queue[write++] = head
      }
    }
    sizes.push(write)
  }
  return { of, sizes }
}

/** Pairs of nodes (unordered) that reach each other. */
export function connectedPairs(sizes: readonly number[]): number {
  return sizes.reduce((pairs, size) => pairs + (size * (size - 1)) / 2, 0)
}
