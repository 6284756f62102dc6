import type { LinkId, NodeId } from '../../core/index.ts'
import type { MeshSnapshot } from '../../mesh/index.ts'
import { type NodePair, neighbourMap } from '../health/probe-plan.ts'

const MOST = 6

/** Pairs whose traffic crosses the link by the present tables, its own ends first: they show whether it is back. */
export function pairsOverLink(snapshot: MeshSnapshot, link: LinkId): readonly NodePair[] {
  const found = snapshot.links.get(link)
  if (!found) return []
  const { a, b } = { a: found.a.node, b: found.b.node }
  const around = neighbourMap(snapshot)
  const pairs: NodePair[] = [
    { from: a, to: b },
    { from: b, to: a },
  ]
  for (const from of around.get(a) ?? []) {
    for (const to of [b, ...(around.get(b) ?? [])]) {
      if (from === to || from === b || to === a) continue
      if (crosses(snapshot.routes.path(from, to), a, b)) pairs.push({ from, to })
      if (crosses(snapshot.routes.path(to, from), b, a)) pairs.push({ from: to, to: from })
    }
  }
  return pairs.slice(0, MOST)
}

function crosses(path: readonly NodeId[] | undefined, a: NodeId, b: NodeId): boolean {
  return path?.some((node, index) => node === a && path[index + 1] === b) ?? false
}

/** Neighbours of a node that reach each other through it. */
export function pairsThrough(snapshot: MeshSnapshot, node: NodeId): readonly NodePair[] {
  const around = neighbourMap(snapshot).get(node) ?? []
  const pairs: NodePair[] = []
  for (const from of around) {
    for (const to of around) {
      if (from !== to && snapshot.routes.path(from, to)?.includes(node)) pairs.push({ from, to })
    }
  }
  return pairs.slice(0, MOST)
}

/** To and from a node: its neighbours, and some nodes further away (stable choice, spread over the mesh). */
export function pairsWith(snapshot: MeshSnapshot, node: NodeId): readonly NodePair[] {
  const near = neighbourMap(snapshot).get(node) ?? []
  const others = [...snapshot.nodes.keys()].filter((other) => other !== node && !near.includes(other))
  const far = [others[0], others[Math.floor(others.length / 2)]].filter((other) => other !== undefined)
  return [...near.slice(0, 2), ...far].flatMap((other) => [
    { from: other, to: node },
    { from: node, to: other },
  ])
}
