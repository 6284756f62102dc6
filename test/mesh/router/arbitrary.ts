import fc from 'fast-check'
import { buildSnapshot, known, type LinkSpec, type MeshSnapshot } from '../../../src/mesh/index.ts'

export interface RandomMesh {
  readonly snapshot: MeshSnapshot
  readonly nodes: readonly string[]
  readonly links: readonly {
    readonly a: number
    readonly b: number
    readonly there: number
    readonly back: number
  }[]
}

/** Small multigraphs with whole-number ETX each way: ties and parallel links are frequent. */
export const randomMesh = (maxNodes = 7, maxLinks = 12): fc.Arbitrary<RandomMesh> =>
  fc.integer({ min: 2, max: maxNodes }).chain((count) => {
    const node = fc.integer({ min: 0, max: count - 1 })
    const weight = fc.integer({ min: 1, max: 5 })
    const link = fc.record({ a: node, b: node, there: weight, back: weight }).filter(({ a, b }) => a !== b)
    return fc.array(link, { maxLength: maxLinks }).map((links) => {
      const nodes = Array.from({ length: count }, (_, i) => `n${i}`)
      return { snapshot: snapshotOf(nodes, links), nodes, links }
    })
  })

function snapshotOf(nodes: readonly string[], links: RandomMesh['links']): MeshSnapshot {
  const etx = (value: number) => known(value, 'measured', 0)
  const specs = links.map(
    ({ a, b, there, back }): LinkSpec => ({
      id: undefined,
      a: { node: `n${a}`, etx: etx(there) },
      b: { node: `n${b}`, etx: etx(back) },
    }),
  )
  return buildSnapshot({ takenAt: 0, source: 'measured', nodes: nodes.map((id) => ({ id })), links: specs })
}

export interface BrutePath {
  readonly nodes: readonly number[]
  readonly links: readonly number[]
  readonly cost: number
}

/** Every loopless path, by trying everything, cheapest first. */
export function everyPath(
  { links }: RandomMesh,
  from: number,
  to: number,
  out = new Set<number>(),
): BrutePath[] {
  const found: BrutePath[] = []
  const walk = (path: BrutePath): void => {
    const here = path.nodes.at(-1)
    if (here === to) {
      found.push(path)
      return
    }
    links.forEach(({ a, b, there, back }, i) => {
      if (out.has(i) || (a !== here && b !== here)) return
      const next = a === here ? b : a
      if (path.nodes.includes(next)) return
      const cost = path.cost + (a === here ? there : back)
      walk({ nodes: [...path.nodes, next], links: [...path.links, i], cost })
    })
  }
  walk({ nodes: [from], links: [], cost: 0 })
  return found.sort((x, y) => x.cost - y.cost)
}

/** Component of every node without some links and nodes, by spreading until nothing changes; -1 for nodes out. */
export function spread(
  { nodes, links }: RandomMesh,
  linksOut: ReadonlySet<number> = new Set(),
  nodesOut: ReadonlySet<number> = new Set(),
): number[] {
  const part = nodes.map((_, i) => (nodesOut.has(i) ? -1 : i))
  for (let changed = true; changed; ) {
    changed = false
    links.forEach(({ a, b }, i) => {
      const [x = -1, y = -1] = [part[a], part[b]]
      if (linksOut.has(i) || x === -1 || y === -1 || x === y) return
      part[x > y ? a : b] = Math.min(x, y)
      changed = true
    })
  }
  return part
}
