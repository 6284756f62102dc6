// The rule: authority is given in words that a token can hold, is shown in words that a person can read, and the approval
// of a danger is that of different people for one plan, on its nodes, until its end.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { agentId } from '../../../src/core/index.ts'
import {
  type Approval,
  type CapabilityDecision,
  describeCapability,
  keyPair,
  type Restriction,
  signRequest,
} from '../../../src/security/index.ts'
import {
  ASK,
  CHILD,
  EPOCH,
  HOLDER,
  NEVER,
  NOW,
  newEngine,
  nodes,
  ROOT,
  SCOPE,
  setUp,
  THIEF,
} from './support.ts'

let engine: ReturnType<typeof newEngine>
beforeAll(() => {
  engine = newEngine()
})
afterAll(() => engine.close())

describe('in words', () => {
  const said = async (scope: Parameters<ReturnType<typeof setUp>['mint']>[0], now = NOW) =>
    describeCapability((await setUp(engine).mint(scope)).capability, now)

  test('what may be looked at, where, until when, how often', async () => {
    expect(await said({ actions: ['probe'] })).toBe(
      'agent monitor-7 may probe nodes 12, 13, 40 until 14:05 UTC, 60 times a minute',
    )
    expect(await said({ actions: ['hasten', 'inspect', 'probe'], nodes: nodes('12'), perMinute: 1 })).toBe(
      'agent monitor-7 may hasten, inspect and probe node 12 until 14:05 UTC, 1 time a minute',
    )
  })

  test('what may be changed, and how far that may reach', async () => {
    expect(await said({ actions: ['restart-daemon'], nodes: 'all', regions: ['north', 'hills'] })).toBe(
      'agent monitor-7 may restart-daemon every node in north and hills until 14:05 UTC, 60 times a minute, ' +
        '5 different nodes in 10 minutes, risk tier 1 at most',
    )
  })

  test('another day has a date, and the past is past', async () => {
    expect(await said({ actions: ['probe'] }, NOW - 86_400_000)).toContain('until 2026-11-28 14:05 UTC')
    expect(await said({ actions: ['probe'] }, NOW + 86_400_000)).toContain('(expired 2026-11-28 14:05 UTC)')
  })

  test('what two restrictions leave nothing of is nothing', async () => {
    const { manager, mint } = setUp(engine)
    const { token } = await mint({ nodes: 'all' })
    const one = await manager.attenuate(token, { nodes: nodes('12') }, NEVER)
    expect(await manager.describe(one.token, NEVER)).toContain('node 12')
    const [first] = one.capability.lineage
    const none = { ...first, scope: { ...SCOPE, nodes: [] } }
    expect(describeCapability({ ...one.capability, lineage: [first, none] }, NOW)).toBe(
      'agent monitor-7 may do nothing',
    )
  })
})

describe('what no token can say is refused before one is made', () => {
  test.each<[string, Restriction]>([
    ['a quote in the name of a node', { nodes: nodes('a"b') }],
    ['a backslash', { nodes: nodes('a\\b') }],
    ['a line break in the name of a region', { regions: ['a\nb'] }],
    ['no action', { actions: [] }],
    ['no node', { nodes: [] }],
    ['no number', { perMinute: Number.NaN }],
    ['half a time a minute', { perMinute: 0.5 }],
    ['for ever', { until: Number.POSITIVE_INFINITY }],
    ['less than no node', { blast: { nodes: -1, windowMs: 1 } }],
  ])('%s', async (_, part) => {
    const { manager, mint } = setUp(engine)
    await expect(mint(part)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    const { token } = await mint()
    await expect(manager.attenuate(token, part, NEVER)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  test('a name of an agent that is no name, a past end, no epoch', async () => {
    const { manager } = setUp(engine)
    const good = { agent: agentId('a'), holder: HOLDER.publicKey, epoch: EPOCH, scope: SCOPE }
    for (const bad of [
      { agent: agentId('a"); holder("b') },
      { epoch: -1 },
      { epoch: 1.5 },
      { scope: { ...SCOPE, until: NOW } },
    ])
      await expect(manager.mint({ ...good, ...bad }, NEVER)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await manager.mint(good, NEVER)
  })
})

test('only the holder hands a token over, and not back to one who had it', async () => {
  const { manager, mint } = setUp(engine)
  const { token } = await mint()
  const refused = { code: 'ACTION_DENIED', details: { reason: 'handover' } }
  await expect(
    manager.attenuate(token, {}, NEVER, { from: THIEF, to: CHILD.publicKey }),
  ).rejects.toMatchObject(refused)
  const child = await manager.attenuate(token, {}, NEVER, { from: HOLDER, to: CHILD.publicKey })
  await expect(
    manager.attenuate(child.token, {}, NEVER, { from: CHILD, to: HOLDER.publicKey }),
  ).rejects.toMatchObject(refused)
})

describe('approvals', () => {
  const approvers = [21, 22, 23].map((byte) => keyPair(new Uint8Array(32).fill(byte)))
  const [one, two, three] = approvers as [(typeof approvers)[0], (typeof approvers)[0], (typeof approvers)[0]]
  const PLAN = 'ab'.repeat(32)
  const approval: Approval = { plan: PLAN, nodes: nodes('12', '13'), until: NOW + 60_000 }
  const ask = {
    ...ASK,
    approvals: { plan: PLAN, approvers: approvers.map((pair) => pair.publicKey), least: 2 },
  }
  const verdict = (decision: CapabilityDecision) => (decision.allowed ? 'allowed' : decision.reason)

  /** What the verifier says of a token that these have approved. */
  async function approved(signed: readonly (readonly [Approval, typeof one])[], asked = ask, laterMs = 0) {
    const { clock, manager, verifier, mint } = setUp(engine)
    let { token } = await mint()
    for (const [what, by] of signed) ({ token } = await manager.approve(token, what, by, NEVER))
    await clock.advance(laterMs)
    const content = { token, ask: asked, params: asked.params, session: 'first', nonce: '1', at: clock.now() }
    return verdict(await verifier.verify(token, signRequest(content, HOLDER), asked, NEVER))
  }

  test('it takes as many as are asked for, of different people on the list', async () => {
    expect(await approved([])).toBe('approvals')
    expect(await approved([[approval, one]])).toBe('approvals')
    expect(
      await approved([
        [approval, one],
        [approval, one],
      ]),
    ).toBe('approvals')
    expect(
      await approved([
        [approval, one],
        [approval, THIEF],
      ]),
    ).toBe('approvals')
    expect(
      await approved([
        [approval, one],
        [approval, three],
      ]),
    ).toBe('allowed')
  })

  test('they count for their plan, their nodes and their time', async () => {
    const good = [[approval, one]] as const
    expect(await approved([...good, [{ ...approval, plan: 'cd'.repeat(32) }, two]])).toBe('approvals')
    expect(await approved([...good, [{ ...approval, nodes: nodes('13') }, two]])).toBe('approvals')
    expect(await approved([...good, [{ ...approval, until: NOW + 1000 }, two]], ask, 1000)).toBe('approvals')
    expect(await approved([...good, [{ ...approval, until: NOW + 1000 }, two]], ask, 999)).toBe('allowed')
    expect(
      await approved([...good, [approval, two]], { ...ask, approvals: { ...ask.approvals, plan: '"' } }),
    ).toBe('malformed')
  })

  test('they widen nothing', async () => {
    const elsewhere = { ...ask, action: 'restart-daemon' as const }
    expect(
      await approved(
        [
          [approval, one],
          [approval, two],
        ],
        elsewhere,
      ),
    ).toBe('action')
  })

  test('a key that is listed twice counts once', async () => {
    const twice = { ...ask.approvals, approvers: [one.publicKey, one.publicKey, two.publicKey] }
    expect(await approved([[approval, one]], { ...ask, approvals: twice })).toBe('approvals')
  })

  test('an unsigned approval is none', async () => {
    const { clock, verifier, mint } = setUp(engine)
    let { token } = await mint()
    const block = { kind: 'approval', approval } as const
    for (const _ of [1, 2]) token = await engine.append(token, ROOT.publicKey, block, undefined, NEVER)
    const content = { token, ask, params: ask.params, session: 'first', nonce: '1', at: clock.now() }
    expect(verdict(await verifier.verify(token, signRequest(content, HOLDER), ask, NEVER))).toBe('approvals')
  })

  test('a plan is approved by its hash, and by nothing else', async () => {
    const { manager, mint } = setUp(engine)
    const { token } = await mint()
    const bad = manager.approve(token, { ...approval, plan: 'do what you like' }, one, NEVER)
    await expect(bad).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})
