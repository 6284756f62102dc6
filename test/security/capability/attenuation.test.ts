// The rule: whatever anybody adds to a token, it allows nothing that it did not allow before.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { nodeId } from '../../../src/core/index.ts'
import type { RiskTier } from '../../../src/mesh/index.ts'
import type { CapabilityAsk, Restriction, Scope } from '../../../src/security/index.ts'
import { EPOCH, NEVER, NOW, newEngine, ROOT, SCOPE, setUp } from './support.ts'

let engine: ReturnType<typeof newEngine>
beforeAll(() => {
  engine = newEngine()
})
afterAll(() => engine.close())

const actions = fc.constantFrom<Scope['actions'][number]>(
  'probe',
  'inspect',
  'set-link-cost',
  'restart-daemon',
)
const node = fc.constantFrom('12', '13', '40', '99').map(nodeId)
const region = fc.constantFrom('north', 'east')
const tier = fc.constantFrom<RiskTier>(0, 1, 2, 3)
const minute = fc.integer({ min: 1, max: 90 }).map((minutes) => NOW + minutes * 60_000)

/** Narrower or wider: the token has to see to it, not the one who writes the block. */
const restriction: fc.Arbitrary<Restriction> = fc.record(
  {
    actions: fc.uniqueArray(actions, { minLength: 1 }),
    nodes: fc.oneof(fc.constant('all' as const), fc.uniqueArray(node, { minLength: 1 })),
    regions: fc.uniqueArray(region),
    until: minute,
    maxTier: tier,
    perMinute: fc.integer({ min: 1, max: 100 }),
    blast: fc.record({ nodes: fc.nat(10), windowMs: fc.integer({ min: 1, max: 1_000_000 }) }),
  },
  { requiredKeys: [] },
)

const ask: fc.Arbitrary<CapabilityAsk & { readonly now: number }> = fc.record({
  action: actions,
  node,
  regions: fc.uniqueArray(region),
  tier,
  epoch: fc.constantFrom(EPOCH, EPOCH, EPOCH, EPOCH + 1),
  now: fc.oneof(fc.constant(NOW), minute),
})

/** What the words of a scope mean, said once more. */
function covers(
  scope: Scope,
  { action, node: at, regions, tier: risk, epoch, now }: CapabilityAsk & { now: number },
): boolean {
  return (
    epoch === EPOCH &&
    scope.actions.includes(action) &&
    (scope.nodes === 'all' || scope.nodes.includes(at)) &&
    scope.regions.every((one) => regions.includes(one)) &&
    now < scope.until &&
    risk <= scope.maxTier
  )
}

test('allowed(child) is a subset of allowed(parent), and is what the scope that is read from it says', async () => {
  const { mint } = setUp(engine)
  await fc.assert(
    fc.asyncProperty(
      restriction,
      fc.array(restriction, { minLength: 1, maxLength: 3 }),
      fc.array(ask, { minLength: 8, maxLength: 8 }),
      async (first, chain, asks) => {
        let { token } = await mint(first)
        let before = asks.map(() => true)
        for (const next of [{}, ...chain]) {
          const block = { kind: 'restriction', restriction: next } as const
          token = await engine.append(token, ROOT.publicKey, block, undefined, NEVER)
          const { lineage } = await engine.read(token, ROOT.publicKey, NEVER)
          const scope = lineage.at(-1)?.scope ?? SCOPE
          const answers = await Promise.all(
            asks.map((one) => engine.authorise(token, ROOT.publicKey, one, one.now, NEVER)),
          )
          const now = answers.map(({ allowed }) => allowed)
          expect(now).toEqual(asks.map((one) => covers(scope, one)))
          expect(now.filter((allowed, index) => allowed && !before[index])).toEqual([])
          before = now
        }
      },
    ),
    { numRuns: 150 },
  )
})

test('limits along a lineage never grow', async () => {
  const { mint } = setUp(engine)
  await fc.assert(
    fc.asyncProperty(fc.array(restriction, { minLength: 1, maxLength: 4 }), async (chain) => {
      let { token } = await mint()
      for (const next of chain) {
        const block = { kind: 'restriction', restriction: next } as const
        token = await engine.append(token, ROOT.publicKey, block, undefined, NEVER)
      }
      const { lineage } = await engine.read(token, ROOT.publicKey, NEVER)
      expect(lineage).toHaveLength(chain.length + 1)
      for (const [index, { scope }] of lineage.entries()) {
        const above = lineage[index - 1]?.scope ?? scope
        expect(scope.perMinute).toBeLessThanOrEqual(above.perMinute)
        expect(scope.blast.nodes).toBeLessThanOrEqual(above.blast.nodes)
        expect(scope.blast.windowMs).toBeGreaterThanOrEqual(above.blast.windowMs)
        expect(scope.until).toBeLessThanOrEqual(above.until)
      }
    }),
    { numRuns: 50 },
  )
})

test('the manager mints no block that asks for more than its parent has, and says which part does', async () => {
  const { manager, mint } = setUp(engine)
  const parent = await mint({ regions: ['north'] })
  const { scope } = parent.capability.lineage[0]
  await fc.assert(
    fc.asyncProperty(restriction, async (wanted) => {
      const { actions: kinds = [], nodes: where, blast = scope.blast } = wanted
      const wider = [
        kinds.some((kind) => !scope.actions.includes(kind)) && 'actions',
        (where === 'all' || where?.some((one) => !scope.nodes.includes(one))) && 'nodes',
        (wanted.until ?? 0) > scope.until && 'until',
        (wanted.maxTier ?? 0) > scope.maxTier && 'maxTier',
        (wanted.perMinute ?? 0) > scope.perMinute && 'perMinute',
        (blast.nodes > scope.blast.nodes || blast.windowMs < scope.blast.windowMs) && 'blast',
      ].filter(Boolean)
      const child = manager.attenuate(parent.token, wanted, NEVER)
      if (wider.length === 0) await child
      else
        await expect(child).rejects.toMatchObject({
          code: 'ACTION_DENIED',
          details: { reason: 'wider', wider },
        })
    }),
    { numRuns: 150 },
  )
})
