// The rule: the twin predicts what the simulated protocol then does, from what drivers tell and what is believed.
import { describe, expect, test } from 'vitest'
import { type NodeId, nodeId, seededRandom, VirtualClock } from '../../../src/core/index.ts'
import {
  type MeshAction,
  type MeshSnapshot,
  SimDriver,
  SimMesh,
  SimTwin,
  type TwinBelief,
  twinOf,
} from '../../../src/mesh/index.ts'
import { grid } from './shapes.ts'

const never = new AbortController().signal
const N1 = nodeId('n1')
const N9 = nodeId('n9')

async function pictured(): Promise<{ snapshot: MeshSnapshot; path: readonly NodeId[] }> {
  const clock = new VirtualClock({ startAt: 5000 })
  const options = { topology: grid(3, 3), converged: true, startAt: 5000 }
  const mesh = new SimMesh({ random: seededRandom(1) }, options)
  const snapshot = await new SimDriver({ mesh, clock }).snapshot(never)
  return { snapshot, path: snapshot.routes.path(N1, N9) ?? [] }
}

/** Raises the cost of every link of `node`, at the neighbours' ends or at its own. */
function drain(snapshot: MeshSnapshot, node: NodeId): MeshAction[] {
  return [...snapshot.links.values()]
    .flatMap((link) => (link.a.node === node ? [link.a] : link.b.node === node ? [link.b] : []))
    .map(({ iface }) => ({ kind: 'set-link-cost', node, iface: iface ?? '', rxcost: 5000, previous: 96 }))
}

describe('a node that forwards nothing', () => {
  test('is drained: traffic goes around it', async () => {
    const { snapshot, path } = await pictured()
    const bad = path[2] as NodeId
    const beliefs: TwinBelief[] = [{ kind: 'forwards', node: bad, share: 0, switchedOff: false }]
    const pairs = [{ from: N1, to: N9 }]
    const twin = new SimTwin()
    const actions = drain(snapshot, bad)
    const prediction = await twin.predict({ snapshot, beliefs, actions, pairs, bytes: 56 }, never)
    expect(prediction).toMatchObject({ deliveredBefore: 0, deliveredAfter: 1 })
    expect(prediction.healedAfterMs).toBeGreaterThan(0)
    const nothing = twin.ask({ snapshot, beliefs, actions: [], pairs, bytes: 56 })
    expect(nothing).toMatchObject({ deliveredBefore: 0, deliveredAfter: 0, healedAfterMs: undefined })
  })

  test('is believed so by the mesh that is made from the snapshot, where draining does the same', async () => {
    const { snapshot, path } = await pictured()
    const bad = path[2] as NodeId
    const beliefs: TwinBelief[] = [{ kind: 'forwards', node: bad, share: 0, switchedOff: false }]
    const mesh = twinOf(snapshot, { random: seededRandom(2), beliefs })
    const [from, to] = [mesh.node(N1), mesh.node(N9)]
    expect(mesh.now()).toBe(5000)
    mesh.advanceTo(10_000)
    expect(mesh.send(from, to, 100)).toBe(-1)
    for (const action of drain(snapshot, bad)) {
      if (action.kind === 'set-link-cost') mesh.addInterface(mesh.slot(bad, action.iface), action.rxcost)
    }
    mesh.advanceTo(30_000)
    expect(mesh.send(from, to, 100)).toBeGreaterThan(0)
  })

  test('for forwarding being switched off needs only the switch', async () => {
    const { snapshot, path } = await pictured()
    const node = path[1] as NodeId
    const beliefs: TwinBelief[] = [{ kind: 'forwards', node, share: 0, switchedOff: true }]
    const actions: MeshAction[] = [{ kind: 'set-forwarding', node, enabled: true }]
    const pairs = [{ from: N1, to: N9 }]
    const prediction = new SimTwin().ask({ snapshot, beliefs, actions, pairs, bytes: 56 })
    expect(prediction).toMatchObject({ deliveredBefore: 0, deliveredAfter: 1 })
    expect(prediction.healedAfterMs).toBeLessThan(200)
  })
})

describe('a link', () => {
  test('that loses packets costs round trips both ways, until it is avoided', async () => {
    const { snapshot, path } = await pictured()
    const [a, b] = [path[0] as NodeId, path[1] as NodeId]
    const link = [...snapshot.links.values()].find((l) => new Set([l.a.node, l.b.node, a, b]).size === 2)
    if (link === undefined) throw new Error('no link')
    const beliefs: TwinBelief[] = [a, b].map((from) => ({
      kind: 'link-loss',
      link: link.id,
      from,
      loss: 0.2,
      largeOnly: false,
    }))
    const iface = (link.a.node === a ? link.a.iface : link.b.iface) ?? ''
    const other = (link.a.node === a ? link.b.iface : link.a.iface) ?? ''
    const actions: MeshAction[] = [
      { kind: 'set-link-cost', node: a, iface, rxcost: 5000, previous: 96 },
      { kind: 'set-link-cost', node: b, iface: other, rxcost: 5000, previous: 96 },
    ]
    const prediction = new SimTwin().ask({
      snapshot,
      beliefs,
      actions,
      pairs: [{ from: a, to: b }],
      bytes: 56,
    })
    expect(prediction.deliveredBefore).toBeCloseTo(0.64)
    expect(prediction.deliveredAfter).toBe(1)
  })

  test('that swallows large packets is mended by a smaller MTU', async () => {
    const { snapshot, path } = await pictured()
    const [a, b] = [path[0] as NodeId, path[1] as NodeId]
    const link = [...snapshot.links.values()].find((l) => new Set([l.a.node, l.b.node, a, b]).size === 2)
    if (link === undefined) throw new Error('no link')
    const beliefs: TwinBelief[] = [a, b].map((from) => ({
      kind: 'link-loss',
      link: link.id,
      from,
      loss: 1,
      largeOnly: true,
    }))
    const actions: MeshAction[] = [link.a, link.b].map(({ node, iface }) => ({
      kind: 'set-interface-mtu',
      node,
      iface: iface ?? '',
      mtu: 1280,
      previous: 1500,
    }))
    const ask = (bytes: number) =>
      new SimTwin().ask({ snapshot, beliefs, actions, pairs: [{ from: a, to: b }], bytes })
    expect(ask(1400)).toMatchObject({ deliveredBefore: 0, deliveredAfter: 1 })
    expect(ask(56)).toMatchObject({ deliveredBefore: 1, deliveredAfter: 1 })
  })
})

test('a hijacked address is free again after the withdrawal', async () => {
  const { snapshot } = await pictured()
  const by = nodeId('n2')
  const beliefs: TwinBelief[] = [{ kind: 'announces', node: by, victim: N9 }]
  const prefix = `${snapshot.nodes.get(N9)?.address}/128`
  const pairs = [{ from: N1, to: N9 }]
  const twin = new SimTwin()
  const actions: MeshAction[] = [{ kind: 'withdraw-prefix', node: by, prefix }]
  expect(twin.ask({ snapshot, beliefs, actions, pairs, bytes: 56 }).deliveredAfter).toBe(1)
  expect(twin.ask({ snapshot, beliefs, actions: [], pairs, bytes: 56 }).deliveredAfter).toBe(0)
})

test('twenty candidates on fifty nodes take less than 100 ms', async () => {
  const clock = new VirtualClock()
  const mesh = new SimMesh({ random: seededRandom(9) }, { topology: grid(10, 5), converged: true })
  const snapshot = await new SimDriver({ mesh, clock }).snapshot(never)
  const twin = new SimTwin()
  const bad = nodeId('n25')
  const beliefs: TwinBelief[] = [{ kind: 'forwards', node: bad, share: 0, switchedOff: false }]
  const ids = [...snapshot.nodes.keys()]
  const pairs = ids.slice(0, 10).map((from, i) => ({ from, to: ids[49 - i] as NodeId }))
  const actions = drain(snapshot, bad)
  const ask = () => twin.ask({ snapshot, beliefs, actions, pairs, bytes: 56 })
  ask()
  const before = process.cpuUsage()
  for (let i = 0; i < 20; i++) ask()
  const { user, system } = process.cpuUsage(before)
  expect((user + system) / 1000).toBeLessThan(100)
})
