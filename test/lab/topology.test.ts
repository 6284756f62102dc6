import { describe, expect, it } from 'vitest'
import { connectedPart, loadTopology } from '../../lab/index.ts'
import { inventoryOf } from '../../lab/inventory.ts'
import { planLab } from '../../lab/plan.ts'
import { distances } from '../../lab/topology-graph.ts'

const options = { name: 'x', profile: 'default', stateDir: '/nowhere' } as const

describe('a topology becomes a lab', () => {
  it.each([
    ['grid:4x4', 16, 24],
    ['ring:10', 10, 10],
    ['ring:2', 2, 1],
    ['line:5', 5, 4],
  ])('%s has %i nodes and %i links', async (spec, nodes, links) => {
    const topology = await loadTopology(spec)
    expect([topology.nodes.length, topology.links.length]).toEqual([nodes, links])
  })

  it('a random geometric mesh is connected and the same for the same seed', async () => {
    const topology = await loadTopology('geo:40,7')
    expect(distances(planLab(topology, options), 'n1').size).toBe(40)
    expect(await loadTopology('geo:40,7')).toEqual(topology)
    expect(await loadTopology('geo:40,8')).not.toEqual(topology)
  })

  it('a part of a larger mesh is connected', async () => {
    const part = connectedPart(await loadTopology('geo:100'), 20)
    expect(part.nodes).toHaveLength(20)
    const [first] = part.nodes
    expect(distances(planLab(part, options), first?.id ?? '').size).toBe(20)
  })

  it('refuses what a lab cannot be, and says why', async () => {
    const nodes = [{ id: 'a' }, { id: 'b' }]
    const plan = (links: { a: string; b: string }[]) => () => planLab({ nodes, links }, options)
    expect(plan([{ a: 'a', b: 'c' }])).toThrow(/a - c/)
    expect(plan([{ a: 'a', b: 'a' }])).toThrow(/itself/)
    const twice = [
      { a: 'a', b: 'b' },
      { a: 'b', b: 'a' },
    ]
    expect(plan(twice)).toThrow(/twice/)
    expect(() => planLab({ nodes: [{ id: 'a' }], links: [] }, options)).toThrow(/2 to 200/)
    await expect(loadTopology('grid:axb')).rejects.toThrow(/grid:4x4/)
    await expect(loadTopology('/no/such/file')).rejects.toThrow(/no file/)
  })

  it('the inventory tells neither links nor neighbours', async () => {
    const plan = planLab(await loadTopology('grid:3x3'), options)
    const inventory = inventoryOf(plan)
    expect(Object.keys(inventory).sort()).toEqual(['mesh', 'nodes', 'version'])
    const keys = new Set(inventory.nodes.flatMap((node) => Object.keys(node)))
    expect([...keys].sort()).toEqual(['address', 'daemon', 'id', 'name', 'netns', 'socket'])
    expect(JSON.stringify(inventory)).not.toMatch(/peer|link|fault/)
  })
})
