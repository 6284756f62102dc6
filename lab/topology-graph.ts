import type { LabLink, LabPlan } from './plan.ts'

/** Hops from a node to all that it reaches, without the nodes and links left out. */
export function distances(
  plan: LabPlan,
  from: string,
  without: { readonly nodes?: ReadonlySet<string>; readonly links?: ReadonlySet<string> } = {},
): Map<string, number> {
  const table = new Map<string, string[]>()
  const add = (a: string, b: string): void => {
    const list = table.get(a)
    if (list) list.push(b)
    else table.set(a, [b])
  }
  for (const { id, a, b } of plan.links) {
    if (without.links?.has(id)) continue
    add(a.node, b.node)
    add(b.node, a.node)
  }
  const found = new Map([[from, 0]])
  for (const [node, hops] of found) {
    for (const next of table.get(node) ?? []) {
      if (!found.has(next) && !without.nodes?.has(next)) found.set(next, hops + 1)
    }
  }
  return found
}

/** The link between two nodes, whichever way it was written; undefined where they are no neighbours. */
export function findLink(plan: LabPlan, x: string, y: string): LabLink | undefined {
  return plan.links.find(({ a, b }) => (a.node === x && b.node === y) || (a.node === y && b.node === x))
}
