import { describe, expect, it } from 'vitest'
import { linkId, nodeId, seededRandom } from '../../../src/core/index.ts'
import {
  buildSnapshot,
  geometricTopology,
  gridTopology,
  known,
  lineTopology,
  linkIdBetween,
  MeshRouter,
  ringTopology,
  type SnapshotSpec,
} from '../../../src/mesh/index.ts'

const build = (nodes: SnapshotSpec['nodes'], links: SnapshotSpec['links'] = []) =>
  buildSnapshot({ takenAt: 5, source: 'measured', nodes, links })

describe('A snapshot is built whole or not at all', () => {
  const two = [{ id: 'a' }, { id: 'b' }]
  it.each([
    ['an empty id', [{ id: '' }], [], 'nodes[0]: a node has an empty id.'],
    ['a node twice', [{ id: 'a' }, { id: 'a' }], [], 'nodes[1]: the node id "a" is there twice.'],
    ['a stranger', two, [{ a: 'a', b: 'c' }], 'links[0]: the link names "c", which is no node.'],
    ['a self loop', two, [{ a: 'a', b: 'a' }], 'links[0]: the node "a" is linked to itself.'],
    [
      'a link twice',
      two,
      [
        { id: 'x', a: 'a', b: 'b' },
        { id: 'x', a: 'b', b: 'a' },
      ],
      'links[1]: the link id "x" is there twice.',
    ],
    ['a place of its own', [{ id: '', place: 'line 7' }], [], 'line 7: a node has an empty id.'],
  ])('refuses %s', (_, nodes, links, message) => {
    expect(() => build(nodes, links)).toThrow(expect.objectContaining({ code: 'INVALID_TOPOLOGY', message }))
  })

  it('what is left out is unknown, false or empty, never a healthy zero', () => {
    const mesh = build([{ id: 'a' }, { id: 'b', online: known(true, 'measured', 5) }], [{ a: 'a', b: 'b' }])
    expect(mesh.nodes.get(nodeId('a'))).toEqual({
      id: 'a',
      name: 'a',
      address: undefined,
      managed: false,
      gateway: false,
      position: undefined,
      online: { known: false },
      daemon: { known: false },
      routerId: { known: false },
      prefixes: { known: false },
      interfaces: [],
      clients: { known: false },
      loadAverage: { known: false },
      attributes: {},
    })
    expect(mesh.links.get(linkId('a--b'))?.up).toEqual({ known: false })
    expect(mesh.routes.nextHop(nodeId('a'), nodeId('b'))).toBeUndefined()
  })

  it('is frozen', () => {
    const mesh = build([{ id: 'a', attributes: { x: 1 } }, { id: 'b' }], [{ a: 'a', b: 'b' }])
    const link = mesh.links.get(linkId('a--b'))
    for (const part of [
      mesh,
      mesh.nodes.get(nodeId('a')),
      link,
      link?.a,
      mesh.nodes.get(nodeId('a'))?.attributes,
    ]) {
      expect(Object.isFrozen(part)).toBe(true)
    }
  })

  it('a link id is the same from both sides, and parallel links are told apart', () => {
    expect(linkIdBetween('b', 'a')).toBe(linkIdBetween('a', 'b'))
    const mesh = build(
      [{ id: 'a' }, { id: 'b' }],
      [
        { a: 'a', b: 'b' },
        { a: 'b', b: 'a' },
      ],
    )
    expect([...mesh.links.keys()]).toEqual(['a--b', 'a--b#2'])
  })
})

describe('Generated meshes have the promised shape', () => {
  it('line, ring and grid', () => {
    const sizes = [lineTopology(5), ringTopology(5), gridTopology(4, 3), lineTopology(1)].map((mesh) => [
      mesh.nodes.size,
      mesh.links.size,
    ])
    expect(sizes).toEqual([
      [5, 4],
      [5, 5],
      [12, 17],
      [1, 0],
    ])
  })

  it('geometric: connected, near the wanted degree, the same for the same seed', () => {
    const make = (seed: number) => geometricTopology(200, { random: seededRandom(seed) })
    const mesh = make(1)
    expect(new MeshRouter(mesh).components().length).toBe(1)
    expect((2 * mesh.links.size) / mesh.nodes.size).toBeGreaterThan(4.5)
    expect((2 * mesh.links.size) / mesh.nodes.size).toBeLessThan(7)
    expect(make(1)).toEqual(mesh)
    expect(make(2).links).not.toEqual(mesh.links)
    const every = [...make(3).nodes.values()].every((node) => node.position !== undefined)
    expect(every).toBe(true)
  })

  it('impossible sizes are INVALID_INPUT', () => {
    for (const make of [() => lineTopology(0), () => ringTopology(2), () => gridTopology(2, 1.5)]) {
      expect(make).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
    }
  })
})
