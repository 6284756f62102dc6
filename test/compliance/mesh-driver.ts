import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { changeId, type LinkId, type NodeId, nodeId } from '../../src/core/index.ts'
import type { MeshAction, MeshChange, MeshDriver, ProbeRequest } from '../../src/mesh/index.ts'

/** A healthy, converged mesh behind the driver that is tested, and what the suite may touch in it. */
export interface MeshFixture {
  readonly driver: MeshDriver
  /** Runs the work to its end: awaits it in real time, or drives the virtual clock meanwhile. */
  run<T>(work: () => Promise<T>): Promise<T>
  sleep(ms: number): Promise<void>
  /** A link that is up, both ends managed; cutting it partitions nothing. */
  readonly aLink: { readonly id: LinkId; readonly a: NodeId; readonly b: NodeId; readonly aIface: string }
  /** Two managed nodes with at least one node between them, reachable from each other. */
  readonly aPair: readonly [NodeId, NodeId]
  close(): Promise<void>
}

export interface SuiteOptions {
  /** Why it cannot run on this machine; printed. */
  readonly skip?: string | undefined
  readonly timeoutMs?: number
}

const PROBE = { bytes: 64, count: 3, intervalMs: 10, timeoutMs: 500 } as const

/**
 * What every mesh driver promises, whatever mesh is behind it. `makeFixture` is called once; the last test
 * closes the driver.
 */
export function describeMeshDriver(
  name: string,
  makeFixture: () => Promise<MeshFixture>,
  options: SuiteOptions = {},
): void {
  const timeout = options.timeoutMs ?? 30_000
  describe(`mesh driver ${name}`, { timeout }, () => {
    let fixture: MeshFixture
    const never = new AbortController().signal
    const run = <T>(work: () => Promise<T>) => fixture.run(work)
    let counter = 0
    const freshId = () => changeId(`compliance-${name}-${counter++}`)
    const costAction = (rxcost: number): MeshAction => ({
      kind: 'set-link-cost',
      node: fixture.aLink.a,
      iface: fixture.aLink.aIface,
      rxcost,
      previous: 96,
    })
    const apply = (action: MeshAction, id = freshId(), confirmWithinMs = 5000) =>
      run(() => fixture.driver.apply(action, { id, confirmWithinMs, reason: 'compliance' }, never))

    beforeAll(async () => {
      if (options.skip === undefined) fixture = await makeFixture()
    }, timeout)
    beforeEach((context) => context.skip(options.skip !== undefined, options.skip))
    afterAll(() => fixture?.close(), timeout)

    it('shows a complete and frozen picture', async () => {
      const { driver, aLink } = fixture
      const snapshot = await run(() => driver.snapshot(never))
      expect(snapshot.source).toBe(driver.source)
      for (const [id, node] of snapshot.nodes) {
        expect(node.id).toBe(id)
        expect(Object.isFrozen(node)).toBe(true)
      }
      for (const [id, link] of snapshot.links) {
        expect(link.id).toBe(id)
        expect(snapshot.nodes.has(link.a.node) && snapshot.nodes.has(link.b.node)).toBe(true)
        expect(Object.isFrozen(link)).toBe(true)
      }
      expect(Object.isFrozen(snapshot)).toBe(true)
      expect(snapshot.links.get(aLink.id)?.up).toMatchObject({ known: true, value: true })
      expect(snapshot.nodes.get(aLink.a)?.daemon).toMatchObject({ known: true, value: 'running' })
    })

    it('shows routes that lead from one end to the other, link by link', async () => {
      const { driver, aPair } = fixture
      const { routes, links } = await run(() => driver.snapshot(never))
      const path = routes.path(aPair[0], aPair[1])
      expect(path?.[0]).toBe(aPair[0])
      expect(path?.at(-1)).toBe(aPair[1])
      expect(path?.length).toBeGreaterThan(2)
      for (const [index, at] of (path ?? []).entries()) {
        const next = path?.[index + 1]
        if (next === undefined) break
        expect(routes.nextHop(at, aPair[1])).toBe(next)
        const joined = [...links.values()].some(({ a, b }) => new Set([a.node, b.node, at, next]).size === 2)
        expect(joined).toBe(true)
      }
      expect(routes.path(aPair[0], aPair[0])).toEqual([aPair[0]])
    })

    it('knows one originator for a node, and the nodes that believe it', async () => {
      const { driver, aPair } = fixture
      const { routes, nodes } = await run(() => driver.snapshot(never))
      const [originator, ...others] = [...routes.originatorsOf(aPair[1])]
      expect(others).toEqual([])
      expect(originator?.[1]).toContain(aPair[0])
      expect(nodes.get(aPair[1])?.routerId).toMatchObject({ known: true, value: originator?.[0] })
    })

    it('probes in the order of the requests, and an impossible probe is a result', async () => {
      const { driver, aPair, aLink } = fixture
      const requests: ProbeRequest[] = [
        { from: aPair[0], to: aPair[1], ...PROBE },
        { from: aLink.a, to: aLink.b, link: aLink.id, ...PROBE },
        { from: aPair[0], to: nodeId('nobody-of-this-name'), ...PROBE },
        { from: aLink.b, to: aLink.a, link: aLink.id, ...PROBE },
      ]
      const results = await run(() => driver.probe(requests, never))
      expect(results.map((result) => result.request)).toEqual(requests)
      expect(results.map((result) => result.received)).toEqual([3, 3, 0, 3])
      expect(results[2]?.error).toBeTypeOf('string')
      expect(results[2]?.delayMs.known).toBe(false)
      const delay = results[0]?.delayMs
      expect(delay).toMatchObject({ known: true, source: driver.source })
      expect(delay?.known && delay.value >= 0 && delay.value < 500).toBe(true)
      expect(await run(() => driver.probe([], never))).toEqual([])
    })

    it('inspects a node', async () => {
      const { driver, aLink } = fixture
      const facts = await run(() => driver.inspect(aLink.a, never))
      expect(facts).toMatchObject({
        node: aLink.a,
        daemon: { known: true, value: 'running' },
        forwarding: { known: true, value: true },
      })
      expect(facts.interfaces.find((iface) => iface.name === aLink.aIface)).toMatchObject({
        adminUp: { known: true, value: true },
        routed: { known: true, value: true },
      })
      const stranger = nodeId('nobody-of-this-name')
      await expect(run(() => driver.inspect(stranger, never))).rejects.toMatchObject({
        code: 'NODE_NOT_FOUND',
      })
    })

    it('applies a change once for an id, shows it, and undoes it on request, twice without harm', async () => {
      const { driver } = fixture
      const id = freshId()
      const change = await apply(costAction(500), id)
      expect(change).toMatchObject({ id, state: 'pending', reason: 'compliance' })
      expect(change.confirmBy - change.appliedAt).toBeCloseTo(5000, 0)
      const again = await apply(costAction(700), id)
      expect(again.action).toEqual(change.action)
      expect(await run(() => driver.changes(never))).toContainEqual(change)
      expect((await run(() => driver.rollback(id, never))).state).toBe('rolled-back')
      expect((await run(() => driver.rollback(id, never))).state).toBe('rolled-back')
      await expect(run(() => driver.confirm(id, never))).rejects.toMatchObject({ code: 'CONFLICT' })
    })

    it('keeps a confirmed change past its deadline, and undoes even that on request', async () => {
      const { driver } = fixture
      const id = freshId()
      await apply(costAction(400), id, 400)
      expect((await run(() => driver.confirm(id, never))).state).toBe('confirmed')
      expect((await run(() => driver.confirm(id, never))).state).toBe('confirmed')
      await fixture.sleep(800)
      const kept = await run(() => driver.changes(never))
      expect(kept.find((change) => change.id === id)?.state).toBe('confirmed')
      expect((await run(() => driver.rollback(id, never))).state).toBe('rolled-back')
    })

    it('undoes by itself what nobody confirms', async () => {
      const { driver, aLink } = fixture
      const before = await run(() => driver.inspect(aLink.a, never))
      const id = freshId()
      await apply({ kind: 'set-forwarding', node: aLink.a, enabled: false }, id, 600)
      const during = await run(() => driver.inspect(aLink.a, never))
      expect(during.forwarding).toMatchObject({ known: true, value: false })
      await fixture.sleep(1200)
      const changes = await run(() => driver.changes(never))
      expect(changes.find((change) => change.id === id)?.state).toBe('rolled-back')
      const after = await run(() => driver.inspect(aLink.a, never))
      expect(after.forwarding).toMatchObject({ value: before.forwarding.known && before.forwarding.value })
    })

    it('undoing a change that changed nothing takes nothing away', async () => {
      const { driver, aLink } = fixture
      const change = await apply({ kind: 'set-forwarding', node: aLink.a, enabled: true })
      await run(() => driver.rollback(change.id, never))
      const facts = await run(() => driver.inspect(aLink.a, never))
      expect(facts.forwarding).toMatchObject({ known: true, value: true })
    })

    it('refuses what does not exist', async () => {
      const { driver, aLink } = fixture
      const stranger = changeId('no-such-change')
      await expect(run(() => driver.confirm(stranger, never))).rejects.toMatchObject({
        code: 'CHANGE_NOT_FOUND',
      })
      await expect(run(() => driver.rollback(stranger, never))).rejects.toMatchObject({
        code: 'CHANGE_NOT_FOUND',
      })
      const nobody = nodeId('nobody-of-this-name')
      await expect(apply({ kind: 'set-forwarding', node: nobody, enabled: true })).rejects.toMatchObject({
        code: 'NODE_NOT_FOUND',
      })
      const made = { kind: 'fly-to-the-moon', node: aLink.a } as unknown as MeshAction
      await expect(apply(made)).rejects.toMatchObject({ code: 'ACTION_UNSUPPORTED' })
      await expect(apply(costAction(70_000))).rejects.toMatchObject({ code: 'INVALID_ACTION' })
    })

    it('hastens the daemons and changes nothing by it, whichever nodes are named', async () => {
      const { driver, aLink, aPair } = fixture
      const before = await settings(fixture)
      expect(before.costs.length).toBeGreaterThan(2)
      await expect(run(() => driver.hasten([aLink.a, ...aPair], 500, never))).resolves.toBeUndefined()
      await expect(run(() => driver.hasten([], 500, never))).resolves.toBeUndefined()
      expect(await settings(fixture)).toEqual(before)
      await fixture.sleep(1000)
      expect(await settings(fixture)).toEqual(before)
    })

    it('leaves a node out that it cannot hasten', async () => {
      const { driver, aLink } = fixture
      const nodes = [nodeId('nobody-of-this-name'), aLink.a]
      await expect(run(() => driver.hasten(nodes, 100, never))).resolves.toBeUndefined()
    })

    it('says that a change takes effect on the link, in its changes and in the next snapshot', async () => {
      const { driver, aLink } = fixture
      await untilUp(fixture)
      const stop = new AbortController()
      const seen: MeshChange[] = []
      const reading = collect(driver.watch(stop.signal), seen)
      const id = freshId()
      await apply({ kind: 'set-interface-up', node: aLink.a, iface: aLink.aIface, up: false }, id, 20_000)
      await until(fixture, async () => seen.some((change) => change.kind === 'link' && !change.up))
      const snapshot = await run(() => driver.snapshot(never))
      expect(snapshot.links.get(aLink.id)?.up).toMatchObject({ known: true, value: false })
      await run(() => driver.rollback(id, never))
      await untilUp(fixture)
      stop.abort()
      await run(() => reading)
      expect(seen).toContainEqual(expect.objectContaining({ kind: 'link', link: aLink.id, up: false }))
    })

    it('ends a watch on abort, without an error', async () => {
      const stop = new AbortController()
      const reading = collect(fixture.driver.watch(stop.signal), [])
      stop.abort()
      await expect(run(() => reading)).resolves.toBeUndefined()
      await expect(run(() => collect(fixture.driver.watch(AbortSignal.abort()), []))).resolves.toBeUndefined()
    })

    it('rejects with CANCELLED on abort, before and during a call', async () => {
      const { driver, aPair } = fixture
      const aborted = AbortSignal.abort()
      const cancelled = { code: 'CANCELLED' }
      await expect(run(() => driver.snapshot(aborted))).rejects.toMatchObject(cancelled)
      await expect(run(() => driver.inspect(aPair[0], aborted))).rejects.toMatchObject(cancelled)
      await expect(run(() => driver.changes(aborted))).rejects.toMatchObject(cancelled)
      await expect(run(() => driver.hasten([aPair[0]], 100, aborted))).rejects.toMatchObject(cancelled)
      const stop = new AbortController()
      const request = { from: aPair[0], to: aPair[1], ...PROBE, count: 1000, intervalMs: 100 }
      const work = run(() => {
        const probing = driver.probe([request], stop.signal)
        setImmediate(() => stop.abort())
        return probing
      })
      await expect(work).rejects.toMatchObject(cancelled)
    })

    it('rejects with UNAVAILABLE after close; a second close does nothing', async () => {
      const { driver, aPair } = fixture
      const reading = collect(driver.watch(never), [])
      await run(() => driver.close())
      await run(() => driver.close())
      await run(() => reading)
      const unavailable = { code: 'UNAVAILABLE' }
      await expect(run(() => driver.snapshot(never))).rejects.toMatchObject(unavailable)
      await expect(run(() => driver.probe([], never))).rejects.toMatchObject(unavailable)
      await expect(run(() => driver.inspect(aPair[0], never))).rejects.toMatchObject(unavailable)
      await expect(run(() => driver.changes(never))).rejects.toMatchObject(unavailable)
      await expect(run(() => driver.hasten([aPair[0]], 100, never))).rejects.toMatchObject(unavailable)
    })
  })
}

/** Whatever an action could have changed: the books, and what the daemons and interfaces are set to. */
async function settings({ driver, run, aLink }: MeshFixture) {
  const never = new AbortController().signal
  const { nodes, links } = await run(() => driver.snapshot(never))
  const facts = await run(() => driver.inspect(aLink.a, never))
  const costs = [...nodes.values()].flatMap(({ id, interfaces }) =>
    interfaces.map(({ name, rxcost }) => `${id}/${name} ${rxcost.known ? rxcost.value : 'unknown'}`),
  )
  return {
    changes: await run(() => driver.changes(never)),
    costs: costs.sort(),
    daemons: [...nodes.values()].map(({ daemon }) => daemon.known && daemon.value),
    ups: [...links.values()].map(({ up }) => up.known && up.value),
    forwarding: facts.forwarding.known && facts.forwarding.value,
    interfaces: facts.interfaces.map(({ name, adminUp, routed, mtu }) => ({
      name,
      set: [adminUp, routed, mtu].map((fact) => fact.known && fact.value),
    })),
  }
}

async function collect(changes: AsyncIterable<MeshChange>, into: MeshChange[]): Promise<void> {
  for await (const change of changes) into.push(change)
}

async function until(fixture: MeshFixture, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (await holds()) return
    await fixture.sleep(50)
  }
  throw new Error('it did not come true within 15 s')
}

function untilUp(fixture: MeshFixture): Promise<void> {
  const { driver, aLink } = fixture
  return until(fixture, async () => {
    const snapshot = await fixture.run(() => driver.snapshot(new AbortController().signal))
    const up = snapshot.links.get(aLink.id)?.up
    return up?.known === true && up.value
  })
}
