// The rule: the driver tells what daemons and executors know, and no more.
import { describe, expect, test } from 'vitest'
import {
  changeId,
  linkId,
  type NodeId,
  nodeId,
  RealClock,
  seededRandom,
  VirtualClock,
} from '../../../src/core/index.ts'
import { type MeshAction, SimDriver, SimMesh } from '../../../src/mesh/index.ts'
import { grid } from './shapes.ts'

const never = new AbortController().signal
const N1 = nodeId('n1')
const N2 = nodeId('n2')

function build() {
  const clock = new VirtualClock()
  const mesh = new SimMesh(
    { random: seededRandom(1) },
    { topology: grid(3, 3), profile: 'tuned', converged: true },
  )
  clock.attach(mesh)
  const driver = new SimDriver({ mesh, clock })
  let count = 0
  const apply = (action: MeshAction, confirmWithinMs = 60_000) =>
    driver.apply(action, { id: changeId(`c${count++}`), confirmWithinMs, reason: 'test' }, never)
  return { clock, mesh, driver, apply }
}

test('a loss that no daemon has noticed does not show in a snapshot', async () => {
  const { mesh, driver } = build()
  const before = await driver.snapshot(never)
  mesh.world.setLoss(0, 0.3)
  mesh.world.setForwardRatio(4, 0)
  const after = await driver.snapshot(never)
  expect(JSON.stringify([...after.links])).toBe(JSON.stringify([...before.links]))
  expect(JSON.stringify([...after.nodes])).toBe(JSON.stringify([...before.nodes]))
})

test('but in probes it does', async () => {
  const { mesh, driver, clock } = build()
  const [slot] = mesh.linkSlots('n1--n2')
  mesh.world.setLoss(slot, 0.5)
  const request = {
    from: N1,
    to: N2,
    link: linkId('n1--n2'),
    bytes: 56,
    count: 400,
    intervalMs: 10,
    timeoutMs: 300,
  }
  const [result] = await clock.runUntil(driver.probe([request], never))
  expect(result?.received).toBeGreaterThan(140)
  expect(result?.received).toBeLessThan(260)
  expect(clock.now()).toBeGreaterThanOrEqual(399 * 10)
})

test('a dead daemon says nothing, and the routes through it are not to be seen', async () => {
  const { mesh, driver } = build()
  mesh.killDaemon(4)
  const snapshot = await driver.snapshot(never)
  const node = snapshot.nodes.get(nodeId('n5'))
  expect(node?.daemon).toMatchObject({ value: 'dead' })
  expect(node?.routerId.known).toBe(false)
  expect(snapshot.routes.nextHop(nodeId('n5'), N1)).toBeUndefined()
})

test('an interface that is down cannot send: that is said, not counted as loss', async () => {
  const { mesh, driver, clock } = build()
  mesh.world.setInterfaceUp(mesh.slot('n1', 'l1'), false)
  const request = {
    from: N1,
    to: N2,
    link: linkId('n1--n2'),
    bytes: 56,
    count: 3,
    intervalMs: 10,
    timeoutMs: 100,
  }
  const [there, back] = await clock.runUntil(driver.probe([request, { ...request, from: N2, to: N1 }], never))
  expect(there).toMatchObject({ sent: 0, received: 0, error: expect.stringContaining('l1') })
  expect(back).toMatchObject({ sent: 3, received: 0 })
})

test('two originators of one address are told apart, with those who believe them', async () => {
  const { mesh, driver, clock } = build()
  const victim = nodeId('n9')
  const prefix = `${mesh.address(8)}/128`
  const seen: string[] = []
  const stop = new AbortController()
  const reading = (async () => {
    for await (const change of driver.watch(stop.signal)) {
      if (change.kind === 'originator') seen.push(change.victim)
    }
  })()
  mesh.announce(0, prefix)
  await clock.advance(60_000)
  const { routes } = await driver.snapshot(never)
  const believers = [...routes.originatorsOf(victim).values()].map((nodes) => [...nodes].sort())
  expect(believers.flat().length).toBe(9)
  expect(believers.length).toBe(2)
  expect(believers.every((nodes) => nodes.length > 1)).toBe(true)
  stop.abort()
  await reading
  expect(seen).toEqual([victim])
})

describe('actions', () => {
  test('of every kind change what they name, and their rollback restores it', async () => {
    const { mesh, driver, clock, apply } = build()
    const prefix = `${mesh.address(0)}/128`
    const iface = 'l1'
    const actions: MeshAction[] = [
      { kind: 'set-link-cost', node: N1, iface, rxcost: 700, previous: 96 },
      { kind: 'drop-interface', node: N1, iface, rxcost: 96 },
      { kind: 'set-interface-up', node: N1, iface, up: false },
      { kind: 'set-interface-mtu', node: N1, iface, mtu: 1280, previous: 1500 },
      { kind: 'set-forwarding', node: N1, enabled: false },
      { kind: 'withdraw-prefix', node: N1, prefix },
      { kind: 'announce-prefix', node: N1, prefix: '2001:db8::/64' },
    ]
    const look = async () => {
      const snapshot = await driver.snapshot(never)
      const facts = await driver.inspect(N1, never)
      const strip = (value: unknown) => JSON.stringify(value).replaceAll(/"(at|observedAt)":[\d.]+/g, '')
      return strip([facts, snapshot.nodes.get(N1)?.prefixes, snapshot.nodes.get(N1)?.interfaces])
    }
    const before = await look()
    for (const action of actions) {
      const { id } = await apply(action)
      expect(await look()).not.toBe(before)
      expect(await driver.rollback(id, never)).toMatchObject({ state: 'rolled-back' })
      expect(await look()).toBe(before)
      await clock.advance(20_000)
    }
  })

  test('on a daemon that does not run are refused without effect', async () => {
    const { mesh, driver, apply } = build()
    mesh.killDaemon(0)
    const cost: MeshAction = { kind: 'set-link-cost', node: N1, iface: 'l1', rxcost: 700, previous: 96 }
    await expect(apply(cost)).rejects.toMatchObject({ code: 'DAEMON_UNAVAILABLE' })
    await expect(apply({ kind: 'resume-daemon', node: N1 })).rejects.toMatchObject({
      code: 'DAEMON_UNAVAILABLE',
    })
    expect(await driver.changes(never)).toEqual([])
    await apply({ kind: 'restart-daemon', node: N1 })
    expect((await driver.inspect(N1, never)).daemon).toMatchObject({ value: 'running' })
  })

  test('undo themselves at their deadline when the driver that asked is long gone', async () => {
    const { mesh, driver, clock, apply } = build()
    await apply({ kind: 'set-forwarding', node: N1, enabled: false }, 5000)
    await driver.close()
    await clock.advance(6000)
    expect(mesh.world.forwarding[0]).toBe(1)
    const [change] = await new SimDriver({ mesh, clock }).changes(never)
    expect(change).toMatchObject({ state: 'rolled-back', reason: 'test' })
  })
})

test('on a real clock the mesh is brought up to date at each call', async () => {
  const clock = new RealClock()
  const options = {
    topology: grid(3, 3),
    profile: 'tuned',
    converged: true,
    startAt: clock.now() - 60_000,
  } as const
  const mesh = new SimMesh({ random: seededRandom(2) }, options)
  const driver = new SimDriver({ mesh, clock })
  const snapshot = await driver.snapshot(never)
  expect(snapshot.takenAt).toBeGreaterThan(options.startAt + 59_000)
  expect(snapshot.routes.path(N1, 'n9' as NodeId)?.length).toBe(5)
})
