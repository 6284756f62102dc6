import { type GraphView, isUsable } from './graph.ts'

export interface Structure {
  /** Links whose loss alone splits their component. */
  readonly bridges: readonly number[]
  /** Nodes whose loss alone splits the rest of their component. */
  readonly articulations: readonly number[]
  /** Biconnected components, as links. Every usable link is in exactly one; a bridge is one by itself. */
  readonly blocks: readonly (readonly number[])[]
}

/**
 * Bridges, articulation points and biconnected components in one depth-first walk without recursion (Hopcroft
 * and Tarjan, 1973; Tarjan, 1974), O(nodes + links). Parallel links are told apart by their index: two of them
 * are no bridge.
 */
export function findStructure(view: GraphView): Structure {
  const { graph, nodeOut } = view
  const count = graph.nodeIds.length
  const order = new Int32Array(count) // 1, 2, … in the order of discovery; 0 for not yet
  const low = new Int32Array(count)
  const linkInto = new Int32Array(count).fill(-1)
  const nextSlot = graph.offsets.slice(0, count)
  const articulation = new Uint8Array(count)
  const bridges: number[] = []
  const blocks: number[][] = []
  const openLinks: number[] = []
  const stack: number[] = []
  let clock = 0

  const enter = (node: number, link: number): void => {
    order[node] = ++clock
    low[node] = clock
    linkInto[node] = link
    stack.push(node)
  }

  /** The walk is back at `parent` from its finished child. True where the child hangs on `parent` alone. */
  const leave = (parent: number, child: number): boolean => {
    low[parent] = Math.min(low[parent] as number, low[child] as number)
    if ((low[child] as number) < (order[parent] as number)) return false
    const link = linkInto[child] as number
    const block = openLinks.splice(openLinks.lastIndexOf(link))
    blocks.push(block)
    if (block.length === 1) bridges.push(link)
    return true
  }

  for (let root = 0; root < count; root++) {
    if (order[root] !== 0 || nodeOut[root] === 1) continue
    let rootChildren = 0
    enter(root, -1)
    while (stack.length > 0) {
      const node = stack.at(-1) as number
      const slot = nextSlot[node] as number
      if (slot < (graph.offsets[node + 1] as number)) {
        nextSlot[node] = slot + 1
        const arc = graph.arcs[slot] as number
        const link = arc >> 1
        if (link === linkInto[node] || !isUsable(view, link)) continue
        const head = graph.heads[arc] as number
        if (order[head] === 0) {
          openLinks.push(link)
          enter(head, link)
        } else if ((order[head] as number) < (order[node] as number)) {
          openLinks.push(link)
          low[node] = Math.min(low[node] as number, order[head] as number)
        }
      } else {
        stack.pop()
        const parent = stack.at(-1)
        if (parent === undefined) break
        const hangs = leave(parent, node)
        if (parent === root) rootChildren++
        else if (hangs) articulation[parent] = 1
      }
    }
    if (rootChildren > 1) articulation[root] = 1
  }
  const articulations = [...articulation.keys()].filter((node) => articulation[node] === 1)
  return { bridges: bridges.sort((a, b) => a - b), articulations, blocks }
}
