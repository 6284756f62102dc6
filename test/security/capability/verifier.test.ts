// The rule: an action is allowed where the token allows it and its holder signed for exactly this, now, once. Whatever
// cannot be verified is denied.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { meshSwarmError } from '../../../src/core/index.ts'
import {
  type ActionAsk,
  type CapabilityEngine,
  CapabilityVerifier,
  keyPair,
  type SignedRequest,
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

const [node99] = nodes('99')
if (node99 === undefined) throw new Error('no node')

describe('what the token says', () => {
  test.each<[string, Partial<ActionAsk>]>([
    ['allowed', {}],
    ['action', { action: 'restart-daemon' }],
    ['node', { node: node99 }],
    ['tier', { tier: 2 }],
    ['epoch', { epoch: EPOCH + 1 }],
    ['epoch', { epoch: EPOCH - 1 }],
    ['malformed', { epoch: Number.NaN }],
    ['malformed', { regions: ['a"b'] }],
  ])('%s for %o', async (expected, part) => {
    const { mint, use } = setUp(engine)
    const { token } = await mint()
    expect(await use(token, HOLDER, { ...ASK, ...part })).toBe(expected)
  })

  test('a region is what the verifier says it is', async () => {
    const { mint, use } = setUp(engine)
    const { token } = await mint({ nodes: 'all', regions: ['north'] })
    expect(await use(token, HOLDER, { ...ASK, node: node99, regions: ['east', 'north'] })).toBe('allowed')
    expect(await use(token, HOLDER, { ...ASK, node: node99, regions: ['east'] })).toBe('region')
    expect(await use(token, HOLDER, { ...ASK, node: node99 })).toBe('region')
  })

  test('ends at its time, also where the decision is remembered', async () => {
    const { clock, mint, use } = setUp(engine)
    const { token } = await mint({ until: NOW + 60_000 })
    expect(await use(token)).toBe('allowed')
    await clock.advance(59_999)
    expect(await use(token)).toBe('allowed')
    await clock.advance(1)
    expect(await use(token)).toBe('expired')
  })

  test('counts in its own epoch only, also where the decision is remembered', async () => {
    const { mint, use } = setUp(engine)
    const { token } = await mint()
    expect(await use(token)).toBe('allowed')
    expect(await use(token, HOLDER, { ...ASK, epoch: EPOCH + 1 })).toBe('epoch')
    expect(await use(token)).toBe('allowed')
  })

  test('an answer has the limits of every ancestor, outermost first', async () => {
    const { manager, verifier, mint, sign } = setUp(engine)
    const parent = await mint()
    const blast = { nodes: 1, windowMs: 600_000 }
    const child = await manager.attenuate(parent.token, { perMinute: 6, blast }, NEVER)
    const decision = await verifier.verify(child.token, sign(child.token), ASK, NEVER)
    if (!decision.allowed) throw new Error(decision.message)
    expect(decision.lineage.map(({ scope }) => [scope.perMinute, scope.blast.nodes])).toEqual([
      [60, 5],
      [6, 1],
    ])
    expect(decision.lineage[0]).toEqual(parent.capability.lineage[0])
    expect(decision.scope).toEqual({ ...SCOPE, perMinute: 6, blast })
  })
})

describe('who shows it', () => {
  test('a stolen token is worth nothing to who has not the key of its holder', async () => {
    const { mint, sign, verify, use } = setUp(engine)
    const { token } = await mint()
    expect(await use(token, THIEF)).toBe('holder')
    expect(await verify(token, { ...sign(token, THIEF), holder: HOLDER.publicKey })).toBe('holder')
    expect(await verify(token, { ...sign(token), holder: THIEF.publicKey })).toBe('holder')
    expect(await use(token)).toBe('allowed')
  })

  test('is the sub-agent alone once its parent has signed the token over', async () => {
    const { manager, mint, use } = setUp(engine)
    const { token } = await mint()
    const child = await manager.attenuate(token, {}, NEVER, { from: HOLDER, to: CHILD.publicKey })
    expect(await use(child.token, CHILD)).toBe('allowed')
    expect(await use(child.token, HOLDER)).toBe('holder')
    expect(await use(token, HOLDER)).toBe('allowed')
  })

  test('nobody hands over what is not theirs: not with their own key, nor without one', async () => {
    const { mint, use } = setUp(engine)
    const { token } = await mint()
    const block = { kind: 'restriction', restriction: {}, handover: THIEF.publicKey } as const
    for (const signer of [undefined, THIEF, ROOT, CHILD]) {
      const stolen = await engine.append(token, ROOT.publicKey, block, signer, NEVER)
      expect(await use(stolen, THIEF)).toBe('handover')
      expect(await use(stolen, HOLDER)).toBe('handover')
    }
  })

  test('a key that has given a token away does not give it a second time', async () => {
    const { manager, mint, use } = setUp(engine)
    const { token } = await mint()
    const child = await manager.attenuate(token, {}, NEVER, { from: HOLDER, to: CHILD.publicKey })
    const block = { kind: 'restriction', restriction: {}, handover: THIEF.publicKey } as const
    const again = await engine.append(child.token, ROOT.publicKey, block, HOLDER, NEVER)
    expect(await use(again, THIEF)).toBe('handover')
    const back = { kind: 'restriction', restriction: {}, handover: HOLDER.publicKey } as const
    const circle = await engine.append(child.token, ROOT.publicKey, back, CHILD, NEVER)
    expect(await use(circle, HOLDER)).toBe('malformed')
  })
})

describe('a request', () => {
  test('is used once, also by many at a time', async () => {
    const { mint, sign, verify } = setUp(engine)
    const { token } = await mint()
    const request = sign(token)
    const first = await Promise.all(Array.from({ length: 5 }, () => verify(token, request)))
    expect(first.toSorted()).toEqual(['allowed', 'replay', 'replay', 'replay', 'replay'])
    expect(await verify(token, request)).toBe('replay')
  })

  test('that was denied may come again when it is allowed', async () => {
    const { mint, sign, verify } = setUp(engine)
    const { token } = await mint()
    const request = sign(token)
    expect(await verify(token, request, { ...ASK, epoch: EPOCH + 1 })).toBe('epoch')
    expect(await verify(token, request)).toBe('allowed')
  })

  test('is remembered for as long as it would be believed', async () => {
    const { clock, mint, sign, verify } = setUp(engine, { skewMs: 1000 })
    const { token } = await mint()
    const early = signRequest(
      { token, ask: ASK, params: ASK.params, session: 'first', nonce: 'early', at: clock.now() + 1000 },
      HOLDER,
    )
    const late = sign(token)
    expect(await verify(token, early)).toBe('allowed')
    for (let ms = 0; ms < 4000; ms += 125) {
      expect(await verify(token, early), `${ms} ms later`).toBe(ms <= 2000 ? 'replay' : 'stale')
      await clock.advance(125)
    }
    expect(await verify(token, late)).toBe('stale')
  })

  test('is believed within the skew of clocks, either way, and no further', async () => {
    const { clock, mint, verify } = setUp(engine, { skewMs: 1000 })
    const { token } = await mint()
    const verdicts = []
    for (const off of [-1001, -1000, 0, 1000, 1001]) {
      const at = clock.now() + off
      const content = { token, ask: ASK, params: ASK.params, session: 'first', nonce: `${off}`, at }
      verdicts.push(await verify(token, signRequest(content, HOLDER)))
    }
    expect(verdicts).toEqual(['stale', 'allowed', 'allowed', 'allowed', 'stale'])
  })

  test('signed for a verifier before its restart is worth nothing after it', async () => {
    const { mint, sign, verify } = setUp(engine)
    const { token } = await mint()
    const request = sign(token)
    expect(await verify(token, request)).toBe('allowed')
    expect(await setUp(engine, { session: 'second' }).verify(token, request)).toBe('request')
  })

  test('counts for its own token, action, node and parameters', async () => {
    const { manager, mint, sign, verify } = setUp(engine)
    const { token } = await mint()
    const narrower = await manager.attenuate(token, {}, NEVER)
    const request = sign(token)
    expect(await verify(narrower.token, request)).toBe('request')
    expect(await verify(token, request, { ...ASK, action: 'inspect' })).toBe('request')
    expect(await verify(token, request, { ...ASK, node: nodes('13')[0] ?? ASK.node })).toBe('request')
    expect(await verify(token, request, { ...ASK, params: { count: 6 } })).toBe('request')
    expect(await verify(token, request)).toBe('allowed')
  })

  test('means the same parameters in whatever order they are written', async () => {
    const { mint, sign, verify } = setUp(engine)
    const { token } = await mint()
    const request = sign(token, HOLDER, { ...ASK, params: { a: 1, b: { c: [1, 2], d: 'x' } } })
    expect(await verify(token, request, { ...ASK, params: { b: { d: 'x', c: [2, 1] }, a: 1 } })).toBe(
      'request',
    )
    expect(await verify(token, request, { ...ASK, params: { b: { d: 'x', c: [1, 2] }, a: 1 } })).toBe(
      'allowed',
    )
  })

  test('with any part of it changed counts for nothing', async () => {
    const { mint, sign, verify } = setUp(engine)
    const { token } = await mint()
    const good = sign(token)
    for (const field of Object.keys(good) as (keyof SignedRequest)[]) {
      const value = good[field]
      const changed =
        typeof value === 'number' ? value + 1 : `${value.slice(0, -2)}${value.endsWith('AA') ? 'BB' : 'AA'}`
      expect(await verify(token, { ...good, [field]: changed }), field).not.toBe('allowed')
    }
    for (const rubbish of [
      undefined,
      null,
      1,
      'x',
      [],
      {},
      { ...good, more: 1 },
      { ...good, nonce: undefined },
    ])
      expect(await verify(token, rubbish)).toBe('request')
    expect(await verify(token, good)).toBe('allowed')
  })

  test('of one lineage more than can be remembered are denied, and of another one allowed', async () => {
    const { clock, manager, mint, use } = setUp(engine, { replays: 3, skewMs: 1000 })
    const [greedy, modest] = [await mint(), await mint()]
    const child = await manager.attenuate(greedy.token, {}, NEVER, { from: HOLDER, to: CHILD.publicKey })
    const verdicts = []
    for (const _ of [1, 2]) verdicts.push(await use(greedy.token), await use(child.token, CHILD))
    expect(verdicts).toEqual(['allowed', 'allowed', 'allowed', 'busy'])
    expect(await use(modest.token)).toBe('allowed')
    await clock.advance(2001)
    expect(await use(greedy.token)).toBe('allowed')
  })
})

describe('revoking', () => {
  test('a block ends it and everything below it, and nothing beside it', async () => {
    const { manager, verifier, mint, use } = setUp(engine)
    const other = await mint()
    const parent = await mint()
    const child = await manager.attenuate(parent.token, {}, NEVER)
    const grandchild = await manager.attenuate(child.token, {}, NEVER, { from: HOLDER, to: CHILD.publicKey })
    const sibling = await manager.attenuate(parent.token, {}, NEVER)
    const all = async () => [
      await use(parent.token),
      await use(child.token),
      await use(grandchild.token, CHILD),
      await use(sibling.token),
      await use(other.token),
    ]
    expect(await all()).toEqual(['allowed', 'allowed', 'allowed', 'allowed', 'allowed'])
    verifier.revoke([child.capability.lineage.at(-1)?.id ?? ''])
    expect(await all()).toEqual(['allowed', 'revoked', 'revoked', 'allowed', 'allowed'])
    verifier.revoke([parent.capability.lineage[0].id])
    expect(await all()).toEqual(['revoked', 'revoked', 'revoked', 'revoked', 'allowed'])
  })

  test('reaches a decision that is under way', async () => {
    const { verifier, mint, use } = setUp(engine)
    const { token, capability } = await mint()
    const underWay = use(token)
    verifier.revoke([capability.lineage[0].id])
    expect(await underWay).toBe('revoked')
  })

  test('is known from the start where it is given', async () => {
    const { mint } = setUp(engine)
    const { token, capability } = await mint()
    expect(await setUp(engine, { revoked: [capability.lineage[0].id] }).use(token)).toBe('revoked')
  })
})

describe('without an answer', () => {
  const failing = (error: unknown): CapabilityEngine => ({
    ...engine,
    authorise: () => Promise.reject(error),
    mint: () => Promise.reject(error),
    append: () => Promise.reject(error),
    read: () => Promise.reject(error),
    approvers: () => Promise.reject(error),
    close: () => Promise.resolve(),
  })

  test.each(['TIMEOUT', 'UNAVAILABLE', 'INSUFFICIENT_RESOURCES', 'INVARIANT'] as const)(
    'for %s it is denied, and the same request may come again',
    async (code) => {
      const { clock, mint, sign } = setUp(engine)
      const { token } = await mint()
      const broken = failing(meshSwarmError(code, 'as the test wants it'))
      const verifier = new CapabilityVerifier(
        { engine: broken, clock, root: ROOT.publicKey },
        { session: 'first' },
      )
      const request = sign(token)
      for (const _ of [1, 2])
        expect(await verifier.verify(token, request, ASK, NEVER)).toMatchObject({
          allowed: false,
          reason: 'unavailable',
        })
    },
  )

  test('a withdrawn question rejects', async () => {
    const { mint, sign, verifier, verify } = setUp(engine)
    const { token } = await mint()
    const stop = new AbortController()
    const request = sign(token)
    const asked = verifier.verify(token, request, ASK, stop.signal)
    stop.abort()
    await expect(asked).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(await verify(token, request)).toBe('allowed')
  })
})

test('the root of another authority counts for nothing', async () => {
  const { mint, clock, sign } = setUp(engine)
  const { token } = await mint()
  const elsewhere = new CapabilityVerifier(
    { engine, clock, root: keyPair(new Uint8Array(32).fill(9)).publicKey },
    { session: 'first' },
  )
  expect(await elsewhere.verify(token, sign(token), ASK, NEVER)).toMatchObject({ reason: 'signature' })
})
