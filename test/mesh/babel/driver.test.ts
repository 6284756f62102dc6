import { beforeEach, describe, expect, it } from 'vitest'
import { changeId, nodeId, RealClock } from '../../../src/core/index.ts'
import {
  announcementRequest,
  BABEL_GROUP,
  BABEL_PORT,
  readUpdates,
} from '../../../src/mesh/drivers/babel/host/babel-packet.ts'
import type { MeshAction, MeshChange, MeshSnapshot } from '../../../src/mesh/index.ts'
import { openProving } from '../proving.ts'
import { converged, processesNaming, type TestMesh, testMesh, whyNoMesh } from './netns-mesh.ts'

const ASK = new URL('../../../src/mesh/drivers/babel/host/babel-ask.mjs', import.meta.url).pathname
const skip = whyNoMesh()
const clock = new RealClock()
const never = new AbortController().signal
const RING = [
  ['n1', 'n2'],
  ['n2', 'n3'],
  ['n3', 'n4'],
  ['n4', 'n1'],
] as const

/** A converged ring of four real daemons with an open driver and everything that it tells. */
async function ring() {
  const mesh = await testMesh(RING)
  const driver = await openProving(mesh)
  const seen: MeshChange[] = []
  const reading = (async () => {
    for await (const change of driver.watch(never)) seen.push(change)
  })()
  await converged(driver, 4)
  let counter = 0
  const apply = (action: MeshAction) =>
    driver.apply(action, { id: changeId(`c${counter++}`), confirmWithinMs: 20_000, reason: 'test' }, never)
  const close = async () => {
    await driver.close()
    await reading
    await mesh[Symbol.asyncDispose]()
  }
  return { mesh, driver, seen, apply, [Symbol.asyncDispose]: close }
}

/** Waits until it holds; by default for less than a neighbour needs to notice that a daemon has gone. */
async function until(holds: () => boolean, limitMs = 10_000): Promise<void> {
  const start = clock.now()
  while (!holds() && clock.now() - start < limitMs) await clock.sleep(5)
  expect(holds()).toBe(true)
}

/** What `node` announces of its own address, as its neighbour `ear` hears it. */
function announcedBy(mesh: TestMesh, ear: string, node: string) {
  const prefix = `fd00:6d62::${node.slice(1)}/128`
  const addresses = mesh.inside(node, 'ip', '-6', '-o', 'addr', 'show', 'dev', `to-${ear}`, 'scope', 'link')
  const target = /inet6 (\S+)\/64/.exec(addresses)?.[1] ?? ''
  const request = Buffer.from(announcementRequest([prefix])).toString('hex')
  const ask = [process.execPath, ASK, `to-${node}`, target, request, BABEL_GROUP, `${BABEL_PORT}`]
  const heard = mesh.inside(ear, 'sh', '-c', 'timeout -s KILL 1 "$@" || true', 'sh', ...ask)
  const updates = heard.split('\n').flatMap((line) => readUpdates(Buffer.from(line, 'hex')))
  return updates.find((update) => update.prefix === prefix)
}

const daemonPid = (mesh: TestMesh, id: string) => processesNaming(`${mesh.dir}/${id}.sock`)[0] ?? -1

describe('the babel driver on real daemons', { timeout: 60_000 }, () => {
  beforeEach((context) => context.skip(skip !== undefined, skip))

  it('tells a killed daemon at once, restarts it, and knows its new router id for the same node', async () => {
    await using bench = await ring()
    const { mesh, driver, seen, apply } = bench
    process.kill(daemonPid(mesh, 'n2'), 'SIGKILL')
    await until(() => seen.some((change) => change.kind === 'daemon' && change.state === 'dead'))
    expect((await driver.snapshot(never)).nodes.get(nodeId('n2'))?.online).toMatchObject({ value: false })
    await apply({ kind: 'restart-daemon', node: nodeId('n2') })
    await until(() => seen.some((change) => change.kind === 'daemon' && change.state === 'running'))
    await converged(driver, 4)
    expect(seen.filter((change) => change.kind === 'originator')).toEqual([])
    const originators = (await driver.snapshot(never)).routes.originatorsOf(nodeId('n2'))
    expect(originators.size).toBe(1)
  })

  it('routes as a restarted daemon says: what its predecessor left in the kernel carries on, then makes room', async () => {
    await using bench = await ring()
    const { mesh, driver, apply } = bench
    const [n1, n2, n3] = [nodeId('n1'), nodeId('n2'), nodeId('n3')]
    const kernel = (...words: string[]) => mesh.inside('n2', 'ip', '-6', 'route', ...words)
    // The first way that a daemon finds need not be the shortest.
    await until(() => kernel('get', 'fd00:6d62::3').includes('dev to-n3'), 30_000)
    process.kill(daemonPid(mesh, 'n2'), 'SIGKILL')
    for (const [node, iface] of [
      ['n2', 'to-n3'],
      ['n3', 'to-n2'],
    ] as const) {
      const silence = `table netdev T {\n chain c {\n type filter hook ingress device ${iface} priority 0;\n drop;\n }\n}`
      mesh.inside(node, 'sh', '-c', `printf '%s\\n' "${silence}" | nft -f -`)
    }
    await apply({ kind: 'restart-daemon', node: n2 })
    expect(kernel('show', 'fd00:6d62::3')).toContain('dev to-n3')
    const said = async () => (await driver.snapshot(never)).routes.nextHop(n2, n3)
    for (let tries = 0; tries < 600 && (await said()) !== n1; tries++) await clock.sleep(50)
    expect(await said()).toBe(n1)
    await until(() => kernel('get', 'fd00:6d62::3').includes('dev to-n1'))
    await until(() => kernel('show', 'proto', 'babel', 'metric', '60000') === '', 15_000)
  })

  it('tells a stopped daemon from a dead one, and resumes it', async () => {
    await using bench = await ring()
    const { mesh, driver, seen, apply } = bench
    process.kill(daemonPid(mesh, 'n3'), 'SIGSTOP')
    await until(() => seen.some((change) => change.kind === 'daemon'))
    expect(seen.find((change) => change.kind === 'daemon')).toMatchObject({ node: 'n3', state: 'stopped' })
    expect((await driver.inspect(nodeId('n3'), never)).daemon).toMatchObject({ value: 'stopped' })
    await apply({ kind: 'resume-daemon', node: nodeId('n3') })
    await until(() => seen.some((change) => change.kind === 'daemon' && change.state === 'running'))
  })

  it('makes the neighbours of a hastened node speak many times a second, until the time is over', async () => {
    await using bench = await ring()
    const { mesh, driver } = bench
    const n1 = nodeId('n1')
    const links = [...(await driver.snapshot(never)).links.values()].filter(
      ({ a, b }) => a.node === n1 || b.node === n1,
    )
    const request = { from: n1, bytes: 64, count: 1, intervalMs: 10, timeoutMs: 200 }
    const probes = links.map(({ id, a, b }) => ({
      ...request,
      to: a.node === n1 ? b.node : a.node,
      link: id,
    }))
    // An interface that has just come up may get its socket a second later.
    const ready = async () => (await driver.probe(probes, never)).every(({ received }) => received === 1)
    for (let tries = 0; tries < 30 && !(await ready()); tries++) await clock.sleep(100)
    const heard = async (ms: number) => {
      const count = () =>
        Number(/Udp6InDatagrams\s+(\d+)/.exec(mesh.inside('n1', 'cat', '/proc/net/snmp6'))?.[1])
      const before = count()
      await clock.sleep(ms)
      return count() - before
    }
    expect(links).toHaveLength(2)
    expect(await heard(1000)).toBeLessThan(20)
    await driver.hasten([n1], 1000, never)
    // 25 from each neighbour; one of them alone is not enough.
    expect(await heard(1200)).toBeGreaterThan(34)
    expect(await heard(1000)).toBeLessThan(20)
    await converged(driver, 4)
  })

  it('tells who else announces the address of a node, and makes him stop', async () => {
    await using bench = await ring()
    const { mesh, driver, seen, apply } = bench
    mesh.inside('n4', 'ip', 'addr', 'add', 'fd00:6d62::2/128', 'dev', 'lo')
    await until(() => seen.some((change) => change.kind === 'originator'))
    const n4 = (await driver.snapshot(never)).nodes.get(nodeId('n4'))
    const originator = n4?.routerId.known ? n4.routerId.value : ''
    expect(seen.find((change) => change.kind === 'originator')).toMatchObject({ victim: 'n2', originator })
    expect((await driver.snapshot(never)).routes.originatorsOf(nodeId('n2')).has(originator)).toBe(true)
    const change = await apply({ kind: 'withdraw-prefix', node: nodeId('n4'), prefix: 'fd00:6d62::2/128' })
    const believed = async () =>
      (await driver.snapshot(never)).routes.originatorsOf(nodeId('n2')).has(originator)
    for (let tries = 0; tries < 600 && (await believed()); tries++) await clock.sleep(50)
    expect(await believed()).toBe(false)
    await driver.rollback(change.id, never)
    expect(mesh.inside('n4', 'ip', 'addr', 'show', 'lo')).toContain('fd00:6d62::2/128')
  })

  it('makes a node announce itself under the next sequence number, and has nothing to undo', async () => {
    await using bench = await ring()
    const { mesh, driver, apply } = bench
    const before = announcedBy(mesh, 'n1', 'n2')
    const change = await apply({ kind: 'renew-routes', node: nodeId('n2') })
    await clock.sleep(100)
    const after = announcedBy(mesh, 'n1', 'n2')
    expect(after).toEqual({ ...before, seqno: ((before?.seqno ?? 0) + 1) & 0xffff })
    await driver.rollback(change.id, never)
    expect(announcedBy(mesh, 'n1', 'n2')).toEqual(after)
  })

  it.each(['n1', 'n3'])('renews the routes to a node that %s no longer hears', async (deaf) => {
    await using bench = await ring()
    const { mesh, apply } = bench
    const ear = deaf === 'n1' ? 'n3' : 'n1'
    const before = announcedBy(mesh, ear, 'n2')
    const drop = `table inet deaf {\nchain in {\ntype filter hook input priority 0;\niifname "to-n2" drop\n}\n}\n`
    mesh.inside(deaf, 'sh', '-c', 'printf "%s" "$1" | nft -f -', 'sh', drop)
    await apply({ kind: 'renew-routes', node: nodeId('n2') })
    await clock.sleep(100)
    expect(announcedBy(mesh, ear, 'n2')?.seqno).toBe(((before?.seqno ?? 0) + 1) & 0xffff)
  })

  it('cannot renew the routes to a node that nobody hears', async () => {
    await using bench = await ring()
    const { apply } = bench
    for (const iface of ['to-n1', 'to-n3'])
      await apply({ kind: 'drop-interface', node: nodeId('n2'), iface, rxcost: 96 })
    await expect(apply({ kind: 'renew-routes', node: nodeId('n2') })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
  })

  it('moves traffic off a link by its cost, and the daemon still has the interface', async () => {
    await using bench = await ring()
    const { driver, apply } = bench
    const [n1, n2, n3] = [nodeId('n1'), nodeId('n2'), nodeId('n3')]
    const way = async () => (await driver.snapshot(never)).routes.path(n1, n3)
    const middle = (await way())?.[1] ?? n2
    const iface = `to-${middle}`
    await apply({ kind: 'set-link-cost', node: n1, iface, rxcost: 5000, previous: 96 })
    await apply({ kind: 'set-link-cost', node: middle, iface: 'to-n1', rxcost: 5000, previous: 96 })
    for (let tries = 0; tries < 100 && ((await way())?.[1] ?? middle) === middle; tries++)
      await clock.sleep(50)
    expect((await way())?.[1]).not.toBe(middle)
    const facts = await driver.inspect(n1, never)
    expect(facts.interfaces.find(({ name }) => name === iface)?.routed).toMatchObject({ value: true })
  })

  it('probes each direction of a link by itself, and says where a packet went astray', async () => {
    await using bench = await ring()
    const { mesh, driver } = bench
    const [n1, n2] = [nodeId('n1'), nodeId('n2')]
    const { links } = await driver.snapshot(never)
    const link = [...links.values()].find(({ a, b }) => a.node === n1 && b.node === n2)?.id
    if (!link) throw new Error('no link')
    const drop =
      'table netdev T {\n chain c {\n type filter hook ingress device to-n2 priority 0;\n udp dport 47331 drop;\n }\n}'
    mesh.inside('n1', 'sh', '-c', `printf '%s\\n' "${drop}" | nft -f -`)
    const probe = { bytes: 1200, count: 5, intervalMs: 5, timeoutMs: 200 }
    const results = await driver.probe(
      [
        { from: n1, to: n2, link, ...probe },
        { from: n2, to: n1, link, ...probe },
      ],
      never,
    )
    expect(results.map(({ sent, received }) => [sent, received])).toEqual([
      [5, 5],
      [5, 0],
    ])
  })

  it('leaves the mesh as it was after every undo', async () => {
    await using bench = await ring()
    const { mesh, driver, apply } = bench
    const n1 = nodeId('n1')
    const state = () =>
      [
        mesh
          .inside('n1', 'ip', '-j', 'link')
          .replaceAll(/"NO-CARRIER",|"(operstate|link_netnsid|txqlen)":[^,}]*/g, ''),
        mesh.inside('n1', 'sysctl', '-n', 'net.ipv6.conf.all.forwarding'),
        mesh.inside('n1', 'ip', '-6', 'addr', 'show', 'dev', 'lo'),
      ].join('\n')
    const before = state()
    const actions: MeshAction[] = [
      { kind: 'set-interface-mtu', node: n1, iface: 'to-n2', mtu: 1300, previous: 1500 },
      { kind: 'set-forwarding', node: n1, enabled: false },
      { kind: 'withdraw-prefix', node: n1, prefix: 'fd00:6d62::1/128' },
      { kind: 'announce-prefix', node: n1, prefix: 'fd00:6d62::99/128' },
      { kind: 'set-interface-up', node: n1, iface: 'to-n2', up: false },
    ]
    for (const action of actions) {
      const change = await apply(action)
      expect(state()).not.toBe(before)
      expect((await driver.rollback(change.id, never)).state).toBe('rolled-back')
      expect(state()).toBe(before)
    }
    const dropped = await apply({ kind: 'drop-interface', node: n1, iface: 'to-n2', rxcost: 96 })
    await driver.rollback(dropped.id, never)
    await converged(driver, 4)
  })

  it('sees the rest of the mesh from one daemon, as nodes that nobody here can act on', async () => {
    await using mesh = await testMesh([...RING, ['n3', 'n5']])
    const [own] = mesh.inventory.nodes
    if (!own) throw new Error('no node')
    const { address: _unsaid, ...spec } = own
    const inventory = { ...mesh.inventory, nodes: [spec] }
    const driver = await openProving({ dir: mesh.dir, inventory })
    const seen = async () => driver.snapshot(never)
    const complete = ({ nodes, links }: MeshSnapshot) => nodes.size === 5 && links.size === 2
    for (let tries = 0; tries < 300 && !complete(await seen()); tries++) await clock.sleep(50)
    const { nodes, links, routes } = await seen()
    expect([...nodes.values()].map((node) => node.address).sort()).toEqual(
      [1, 2, 3, 4, 5].map((index) => `fd00:6d62::${index}`),
    )
    expect([...nodes.values()].filter(({ managed }) => managed).map(({ id }) => id)).toEqual(['n1'])
    expect([...links.values()].map(({ a, b }) => [a.node, b.node].includes(nodeId('n1')))).toEqual([
      true,
      true,
    ])
    const far = [...nodes.values()].find((node) => node.address === 'fd00:6d62::5')
    if (!far) throw new Error('no far node')
    expect(nodes.has(routes.nextHop(nodeId('n1'), far.id) ?? nodeId('nobody'))).toBe(true)
    const probe = { bytes: 64, count: 3, intervalMs: 50, timeoutMs: 1000 }
    const [result] = await driver.probe([{ from: nodeId('n1'), to: far.id, ...probe }], never)
    expect(result).toMatchObject({ sent: 3, received: 3, delayMs: { known: true } })
    expect((await driver.inspect(far.id, never)).daemon.known).toBe(false)
    const drain = { kind: 'set-forwarding', node: far.id, enabled: true } as const
    await expect(
      driver.apply(drain, { id: changeId('c'), confirmWithinMs: 1000, reason: 'test' }, never),
    ).rejects.toMatchObject({ code: 'ACTION_UNSUPPORTED' })
    await driver.close()
  })

  it('drains a node by a restart with a receive cost, and takes it back in', async () => {
    await using bench = await ring()
    const { driver, apply } = bench
    const [n1, n3] = [nodeId('n1'), nodeId('n3')]
    const way = async () => (await driver.snapshot(never)).routes.path(n1, n3)
    const middle = (await way())?.[1] ?? nodeId('n2')
    const change = await apply({ kind: 'restart-daemon', node: middle, rxcost: 5000 })
    const settled = async () => {
      const path = await way()
      return path !== undefined && path[1] !== middle
    }
    for (let tries = 0; tries < 200 && !(await settled()); tries++) await clock.sleep(50)
    expect(await settled()).toBe(true)
    expect((await driver.rollback(change.id, never)).state).toBe('rolled-back')
    await converged(driver, 4)
  })

  it('opens on a mesh whose daemons are dead or stopped, and says so', async () => {
    await using mesh = await testMesh([['n1', 'n2']])
    process.kill(daemonPid(mesh, 'n1'), 'SIGKILL')
    process.kill(daemonPid(mesh, 'n2'), 'SIGSTOP')
    await clock.sleep(100)
    const driver = await openProving(mesh)
    const { nodes } = await driver.snapshot(never)
    expect(nodes.get(nodeId('n1'))?.daemon).toMatchObject({ value: 'dead' })
    expect(nodes.get(nodeId('n2'))?.daemon).toMatchObject({ value: 'stopped' })
    await driver.close()
  })
})
