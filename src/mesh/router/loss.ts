import type { NodeId } from '../../core/index.ts'
import { connectedPairs, findComponents } from './components.ts'
import type { GraphView } from './graph.ts'

/** What the survivors of a loss can no longer do. The nodes that are lost themselves do not count. */
export interface ReachabilityLoss {
  /** Pairs of survivors (unordered) that reached each other before. */
  readonly pairsBefore: number
  readonly pairsLost: number
  /** Survivors outside the largest piece of what their component falls into. */
  readonly cutOff: readonly NodeId[]
  /** The pieces that are cut off, largest first. */
  readonly pieces: readonly (readonly NodeId[])[]
}

export function reachabilityLoss(before: GraphView, after: GraphView): ReachabilityLoss {
  const { nodeIds } = before.graph
  const old = findComponents(before).of
  const now = findComponents(after).of
  const survivors = new Map<number, Map<number, NodeId[]>>()
  nodeIds.forEach((id, node) => {
    const [was, is] = [old[node] as number, now[node] as number]
    if (was === -1 || is === -1) return
    const pieces = survivors.get(was) ?? new Map<number, NodeId[]>()
    survivors.set(was, pieces)
    const piece = pieces.get(is)
    if (piece === undefined) pieces.set(is, [id])
    else piece.push(id)
  })
  let pairsBefore = 0
  let pairsLost = 0
  const cut: NodeId[][] = []
  for (const pieces of survivors.values()) {
    const [largest = [], ...rest] = [...pieces.values()].sort((a, b) => b.length - a.length)
    const sizes = [largest, ...rest].map((piece) => piece.length)
    const whole = connectedPairs([sizes.reduce((sum, size) => sum + size, 0)])
    pairsBefore += whole
    pairsLost += whole - connectedPairs(sizes)
    cut.push(...rest)
  }
  const pieces = cut.sort((a, b) => b.length - a.length)
  return { pairsBefore, pairsLost, cutOff: pieces.flat(), pieces }
}
