import { describe, expect, it } from 'vitest'
import { linkId, nodeId, seededRandom } from '../../../src/core/index.ts'
import {
  buildSnapshot,
  geometricTopology,
  gridTopology,
  known,
  lineTopology,
  MeshRouter,
  ringTopology,
} from '../../../src/mesh/index.ts'

const seen = <T>(value: T) => known(value, 'measured', 0)

describe('What nobody knows is assumed in the open, never taken for good or for dead', () => {
  const mesh = buildSnapshot({
    takenAt: 0,
    source: 'measured',
    nodes: [{ id: 'a' }, { id: 'b' }, { id: 'c' }, { id: 'off', online: seen(false) }],
    links: [
      { id: 'ab', a: { node: 'a', etx: seen(1.5) }, b: 'b' },
      { id: 'bc', a: { node: 'b', tq: seen(0.5) }, b: { node: 'c', tq: seen(1) } },
      { id: 'ac', a: 'a', b: 'c', up: seen(false) },
      { id: 'deaf', a: { node: 'a', tq: seen(1) }, b: { node: 'c', tq: seen(0) } },
      { id: 'a-off', a: 'a', b: 'off' },
    ],
  })
  const [a, b, c] = [nodeId('a'), nodeId('b'), nodeId('c')]

  it('a known direction is not assumed, its unknown reverse is, at the stated default of 2', () => {
    const router = new MeshRouter(mesh)
    expect(router.shortestPath(a, b)).toEqual({ nodes: [a, b], links: ['ab'], cost: 1.5, assumed: [] })
    expect(router.shortestPath(b, a)).toEqual({ nodes: [b, a], links: ['ab'], cost: 2, assumed: ['ab'] })
    expect(new MeshRouter(mesh, { assume: 7 }).shortestPath(b, a)?.cost).toBe(7)
  })

  it('a TQ stands in for an unknown ETX', () => {
    expect(new MeshRouter(mesh).shortestPath(b, c)?.cost).toBe(2)
  })

  it('links known down, links deaf in one direction and nodes known offline carry nothing', () => {
    const router = new MeshRouter(mesh)
    expect(router.shortestPath(a, c)?.links).toEqual(['ab', 'bc'])
    expect(router.shortestPath(a, nodeId('off'))).toBeUndefined()
    expect(router.components()).toEqual([[a, b, c]])
    expect(new MeshRouter(mesh, { includeOffline: true }).shortestPath(a, nodeId('off'))?.assumed).toEqual([
      'a-off',
    ])
  })

  it('TQ of a path is the product of its hops and their penalty', () => {
    const path = new MeshRouter(mesh, { metric: 'tq' }).shortestPath(b, c)
    expect(path?.cost).toBeCloseTo(0.5 * (1 - 30 / 255), 10)
  })

  it('strangers and impossible assumptions are errors with their codes', () => {
    const router = new MeshRouter(mesh)
    expect(() => router.shortestPath(a, nodeId('x'))).toThrow(
      expect.objectContaining({ code: 'NODE_NOT_FOUND' }),
    )
    expect(() => router.whatIf({ withoutLinks: [linkId('x')] })).toThrow(
      expect.objectContaining({ code: 'LINK_NOT_FOUND' }),
    )
    expect(() => new MeshRouter(mesh, { assume: -1 })).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT' }),
    )
  })
})

describe('Known shapes have known weak points', () => {
  it('every link and inner node of a line, none of a ring or a grid', () => {
    const line = new MeshRouter(lineTopology(5), { metric: 'hops' })
    expect(line.bridges().length).toBe(4)
    expect(line.articulationPoints()).toEqual(['n2', 'n3', 'n4'])
    for (const shape of [ringTopology(6), gridTopology(4, 3)]) {
      const router = new MeshRouter(shape)
      expect([router.bridges(), router.articulationPoints()]).toEqual([[], []])
      expect(router.biconnectedComponents().length).toBe(1)
    }
  })

  it('a ring has exactly two disjoint ways around', () => {
    const router = new MeshRouter(ringTopology(8), { metric: 'hops' })
    const pair = router.disjointPair(nodeId('n1'), nodeId('n4'))
    expect(pair?.map((path) => path.cost)).toEqual([3, 5])
    expect(router.disjointPathCount(nodeId('n1'), nodeId('n4'))).toBe(2)
    expect(router.minLinkCut(nodeId('n1'), nodeId('n4')).length).toBe(2)
  })

  it('ten thousand nodes in a row do not overflow a stack', () => {
    const router = new MeshRouter(lineTopology(10_000))
    expect(router.bridges().length).toBe(9_999)
  })
})

describe('It is fast enough for a live mesh', () => {
  it('all pairs of 1,000 nodes and about 3,000 links in under a second', () => {
    const mesh = geometricTopology(1000, { random: seededRandom(1), degree: 6.4 })
    const start = performance.now()
    const all = new MeshRouter(mesh, { metric: 'hops' }).allPairs()
    const took = performance.now() - start
    expect(mesh.links.size).toBeGreaterThan(2800)
    expect(all.cost(nodeId('n1'), nodeId('n1000'))).toBeGreaterThan(0)
    console.log(`all pairs: ${mesh.nodes.size} nodes, ${mesh.links.size} links, ${took.toFixed(0)} ms`)
    expect(took).toBeLessThan(1000)
  })
})
