// The rule: what both daemons could use at some time is a link, and stays known; an old entry of a daemon is none.
import { expect, test } from 'vitest'
import { nodeId } from '../../../src/core/index.ts'
import { LinkRegistry } from '../../../src/mesh/drivers/babel/link-registry.ts'
import { newNodeState } from '../../../src/mesh/drivers/babel/node-state.ts'

const INFINITY = 65535

function setUp() {
  const [node, other] = ['a', 'b'].map((id) => newNodeState(nodeId(id), { id, socket: `/${id}.sock` }))
  if (!node || !other) throw new Error('two nodes')
  const registry = new LinkRegistry(new Map([node, other].map((state) => [state.id, state])))
  for (const iface of ['if0', 'if1']) node.table.apply(`add interface ${iface} up true ipv6 fe80::a`)
  const see = (iface: string, cost: number) => {
    node.table.apply(
      `add neighbour 1 address fe80::b if ${iface} reach ffff ureach 0000 rxcost 96 txcost 96 cost ${cost}`,
    )
    registry.refresh(node, () => ({ node: other.id, iface: 'x' }), 0)
    return [...registry.build(() => true).keys()]
  }
  return { see }
}

test('a neighbour under an interface that never reached it is no link', () => {
  expect(setUp().see('if1', INFINITY)).toEqual([])
})

test('a link that is not usable any more stays known', () => {
  const { see } = setUp()
  expect(see('if0', 96)).toEqual(['a/if0~b/x'])
  expect(see('if0', INFINITY)).toEqual(['a/if0~b/x'])
})
