import type { NodeId } from '../../core/index.ts'

/** The connected parts of a graph given by neighbours, the largest first; neighbours that are no key do not count. */
export function connectedParts(
  around: ReadonlyMap<NodeId, readonly NodeId[]>,
): readonly ReadonlySet<NodeId>[] {
  const parts: Set<NodeId>[] = []
  const seen = new Set<NodeId>()
  for (const start of around.keys()) {
    if (seen.has(start)) continue
    const part = new Set<NodeId>([start])
    const stack = [start]
    seen.add(start)
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      for (const next of around.get(node) ?? []) {
        if (seen.has(next) || !around.has(next)) continue
        seen.add(next)
        part.add(next)
        stack.push(next)
      }
    }
    parts.push(part)
  }
  return parts.sort((x, y) => y.size - x.size)
}

/** The number of the part that each node is in. */
export function partNumbers(around: ReadonlyMap<NodeId, readonly NodeId[]>): ReadonlyMap<NodeId, number> {
  return new Map(connectedParts(around).flatMap((part, number) => [...part].map((node) => [node, number])))
}
