import type { LinkId, NodeId } from '../../core/index.ts'
import type { MeshSnapshot } from '../../mesh/index.ts'
import { partNumbers } from '../health/connected-parts.ts'
import { type NodePair, neighbourMap } from '../health/probe-plan.ts'

/** Pairs that show whether a repair helped: a few are enough, and each costs packets. */
export const MOST_WITNESSES = 6

/** What a repair keeps traffic off. */
export interface Avoided {
  readonly node?: NodeId
  readonly link?: LinkId
}

/**
 * The first few of the pairs; where traffic is kept off something, of those that another way joins. Beside a hub most
 * pairs have no other way: they would prove nothing, and speak against a detour that helps the others.
 */
export function witnesses(
  snapshot: MeshSnapshot,
  pairs: Iterable<NodePair>,
  avoided?: Avoided,
): readonly NodePair[] {
  const joined = avoided ? joinedWithout(snapshot, avoided) : () => true
  return Iterator.from(pairs).filter(joined).take(MOST_WITNESSES).toArray()
}

function joinedWithout(snapshot: MeshSnapshot, { node, link }: Avoided): (pair: NodePair) => boolean {
  const around = neighbourMap(snapshot, (one) => one.id !== link && !(one.up.known && !one.up.value))
  if (node !== undefined) around.delete(node)
  const part = partNumbers(around)
  return ({ from, to }) => part.has(from) && part.get(from) === part.get(to)
}

/** Pairs whose traffic crosses the link by the present tables, its own ends first: they show whether it is back. */
export function* pairsOverLink(snapshot: MeshSnapshot, link: LinkId): Generator<NodePair> {
  const found = snapshot.links.get(link)
  if (!found) return
  const { a, b } = { a: found.a.node, b: found.b.node }
  yield { from: a, to: b }
  yield { from: b, to: a }
  const around = neighbourMap(snapshot)
  for (const from of around.get(a) ?? []) {
    for (const to of [b, ...(around.get(b) ?? [])]) {
      if (from === to || from === b || to === a) continue
      if (crosses(snapshot.routes.path(from, to), a, b)) yield { from, to }
      if (crosses(snapshot.routes.path(to, from), b, a)) yield { from: to, to: from }
    }
  }
}

function crosses(path: readonly NodeId[] | undefined, a: NodeId, b: NodeId): boolean {
  return path?.some((node, index) => node === a && path[index + 1] === b) ?? false
}

/** Pairs whose traffic goes through a node: its neighbours first, then from them to what lies further behind it. */
export function* pairsThrough(snapshot: MeshSnapshot, node: NodeId): Generator<NodePair> {
  const { nodes, routes } = snapshot
  const around = neighbourMap(snapshot).get(node) ?? []
  for (const to of new Set([...around, ...nodes.keys()])) {
    if (to === node) continue
    for (const from of around) if (from !== to && routes.nextHop(from, to) === node) yield { from, to }
  }
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
