import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { linkId, nodeId } from '../../../src/core/index.ts'
import { MeshRouter } from '../../../src/mesh/index.ts'
import { type BrutePath, everyPath, randomMesh, spread } from './arbitrary.ts'

const FIRST = nodeId('n0')
const LAST = nodeId('n1')

/** The number of components among the nodes that were in one with others. */
function parts(part: readonly number[]): number {
  return new Set(part.filter((p) => p !== -1)).size
}

describe('On small random multigraphs the router agrees with trying everything', () => {
  it('shortest path and all pairs', () => {
    fc.assert(
      fc.property(randomMesh(), (mesh) => {
        const router = new MeshRouter(mesh.snapshot)
        const all = router.allPairs()
        mesh.nodes.forEach((from, i) => {
          const costs = router.costsFrom(nodeId(from))
          mesh.nodes.forEach((to, j) => {
            const best = everyPath(mesh, i, j)[0]?.cost
            const ends = [nodeId(from), nodeId(to)] as const
            expect(router.shortestPath(...ends)?.cost).toBe(best)
            expect(all.cost(...ends)).toBe(best)
            expect(costs.get(ends[1])).toBe(best)
            const path = all.path(...ends)
            expect(path?.nodes.length).toBe(path && path.links.length + 1)
            expect(all.nextHop(...ends)).toBe(path?.nodes[1])
          })
        })
      }),
      { numRuns: 150 },
    )
  })

  it('k shortest loopless paths, with the costs of the k cheapest of all and no path twice', () => {
    fc.assert(
      fc.property(randomMesh(6, 10), fc.integer({ min: 1, max: 12 }), (mesh, count) => {
        const paths = new MeshRouter(mesh.snapshot).kShortestPaths(FIRST, LAST, count)
        const brute = everyPath(mesh, 0, 1)
        expect(paths.map((path) => path.cost)).toEqual(brute.slice(0, count).map((path) => path.cost))
        expect(new Set(paths.map((path) => path.links.join())).size).toBe(paths.length)
        for (const { nodes } of paths) expect(new Set(nodes).size).toBe(nodes.length)
      }),
      { numRuns: 400 },
    )
  })

  it('node-disjoint pair: exists exactly when it can, and costs least', () => {
    fc.assert(
      fc.property(randomMesh(7, 12), (mesh) => {
        const router = new MeshRouter(mesh.snapshot)
        const pair = router.disjointPair(FIRST, LAST)
        const brute = everyPath(mesh, 0, 1)
        let least = Number.POSITIVE_INFINITY
        for (const one of brute) {
          for (const other of brute) if (disjoint(one, other)) least = Math.min(least, one.cost + other.cost)
        }
        expect(pair ? pair[0].cost + pair[1].cost : Number.POSITIVE_INFINITY).toBe(least)
        expect(router.disjointPathCount(FIRST, LAST) >= 2).toBe(pair !== undefined)
      }),
      { numRuns: 300 },
    )
  })

  it('bridges, articulation points and components', () => {
    fc.assert(
      fc.property(randomMesh(9, 12), (mesh) => {
        const router = new MeshRouter(mesh.snapshot)
        const whole = parts(spread(mesh))
        const linkIds = [...mesh.snapshot.links.keys()]
        const bridges = linkIds.filter((_, i) => parts(spread(mesh, new Set([i]))) > whole)
        expect(router.bridges()).toEqual(bridges)
        const alone = (i: number) => !mesh.links.some(({ a, b }) => a === i || b === i)
        const points = mesh.nodes.filter((_, i) => {
          return parts(spread(mesh, new Set(), new Set([i]))) > whole - (alone(i) ? 1 : 0)
        })
        expect(router.articulationPoints()).toEqual(points)
        expect(router.components().length).toBe(whole)
      }),
      { numRuns: 500 },
    )
  })

  it('biconnected components: two links share one exactly when they are on a common loopless cycle', () => {
    fc.assert(
      fc.property(randomMesh(6, 9), (mesh) => {
        const blocks = new MeshRouter(mesh.snapshot).biconnectedComponents()
        const ids = [...mesh.snapshot.links.keys()]
        const blockOf = new Map(blocks.flatMap((block, i) => block.map((id) => [id, i] as const)))
        expect(blocks.flat().sort()).toEqual(ids.toSorted())
        mesh.links.forEach(({ a, b }, i) => {
          const onCycle = new Set(everyPath(mesh, b, a, new Set([i])).flatMap((path) => path.links))
          ids.forEach((id, j) => {
            if (i !== j) expect(blockOf.get(id) === blockOf.get(ids[i] ?? linkId('?'))).toBe(onCycle.has(j))
          })
        })
      }),
      { numRuns: 200 },
    )
  })

  it('smallest cuts: they part the two, and nothing smaller does', () => {
    fc.assert(
      fc.property(randomMesh(6, 8), (mesh) => {
        const router = new MeshRouter(mesh.snapshot)
        const ids = [...mesh.snapshot.links.keys()]
        const parted = (links: ReadonlySet<number>, nodes = new Set<number>()) => {
          const part = spread(mesh, links, nodes)
          return part[0] !== part[1]
        }
        const cut = router.minLinkCut(FIRST, LAST)
        expect(parted(new Set(cut.map((id) => ids.indexOf(id))))).toBe(true)
        const smallest = Math.min(
          ...subsets(ids.length)
            .filter((set) => parted(new Set(set)))
            .map((set) => set.length),
        )
        expect(cut.length).toBe(smallest)

        const nodeCut = router.minNodeCut(FIRST, LAST)
        const others = subsets(mesh.nodes.length - 2).map((set) => new Set(set.map((i) => i + 2)))
        const sizes = others.filter((set) => parted(new Set(), set)).map((set) => set.size)
        expect(nodeCut?.length).toBe(sizes.length === 0 ? undefined : Math.min(...sizes))
        if (nodeCut)
          expect(parted(new Set(), new Set(nodeCut.map((id) => mesh.nodes.indexOf(id))))).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('what-if is the same as a mesh that never had the parts, and the loss counts the pairs', () => {
    fc.assert(
      fc.property(randomMesh(7, 10), fc.nat(), fc.nat(), (mesh, anyNode, anyLink) => {
        const node = anyNode % mesh.nodes.length
        const link = mesh.links.length === 0 ? undefined : anyLink % mesh.links.length
        const linkIds = [...mesh.snapshot.links.keys()].filter((_, i) => i === link)
        const loss = { withoutNodes: [nodeId(`n${node}`)], withoutLinks: linkIds }
        const router = new MeshRouter(mesh.snapshot)
        const left = router.whatIf(loss)
        const part = spread(mesh, new Set(link === undefined ? [] : [link]), new Set([node]))
        expect(left.components().length).toBe(parts(part))
        const before = spread(mesh)
        let lost = 0
        for (let i = 0; i < part.length; i++) {
          for (let j = 0; j < i; j++) {
            if (i === node || j === node) continue
            const together = before[i] === before[j]
            if (together && part[i] !== part[j]) lost++
            const path = left.shortestPath(nodeId(`n${i}`), nodeId(`n${j}`))
            expect(path !== undefined).toBe(part[i] === part[j])
          }
        }
        expect(router.lossOf(loss).pairsLost).toBe(lost)
        expect(router.components().length).toBe(parts(before))
      }),
      { numRuns: 300 },
    )
  })
})

function disjoint(one: BrutePath, other: BrutePath): boolean {
  const inner = new Set(one.nodes.slice(1, -1))
  const links = new Set(one.links)
  return !other.nodes.slice(1, -1).some((n) => inner.has(n)) && !other.links.some((l) => links.has(l))
}

function subsets(size: number): number[][] {
  return Array.from({ length: 2 ** size }, (_, bits) =>
    [...Array(size).keys()].filter((i) => (bits >> i) & 1),
  )
}
