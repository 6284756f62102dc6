// The rule: whatever the text, nothing is proposed that policy does not permit for that very action; and of two texts
// that say the same action, neither gets more than the other.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EVIDENCE_CHANNELS, Evidence } from '../../../src/core/index.ts'
import { ActionSchema, type MeshAction, riskTier } from '../../../src/mesh/index.ts'
import { type PolicyRequest, propose } from '../../../src/security/index.ts'
import { ACTIONS, circumstances, evidence, policyAt, SNAPSHOT } from './support.ts'

const policy = await policyAt()

const text = fc.string({ unit: 'binary', maxLength: 80 })
const channel = fc.constantFrom(...EVIDENCE_CHANNELS)
const action = fc.constantFrom(...ACTIONS)

const around = fc.record({
  mode: fc.constantFrom('observe' as const, 'advise' as const, 'heal' as const),
  approvals: fc.subarray(['ann', 'bob', 'eve']),
  nodesWritten: fc.integer({ min: 1, max: 20 }),
  nodesAllowed: fc.constantFrom(6, 15),
})

type Around = Pick<PolicyRequest, 'mode' | 'approvals' | 'nodesWritten' | 'nodesAllowed'>

/** Texts, actions, and actions with something cut out, put in or put beside. */
const wild = fc.oneof(
  text,
  fc.json(),
  action.map((one) => JSON.stringify(one)),
  fc
    .tuple(action, text, fc.nat(), fc.nat({ max: 8 }))
    .map(([one, more, place, cut]) => spliced(JSON.stringify(one), place, cut, more)),
  fc
    .tuple(action, fc.dictionary(text, fc.jsonValue()))
    .map(([one, more]) => JSON.stringify({ ...one, ...more })),
  fc.tuple(action, text).map(([one, node]) => JSON.stringify({ ...one, node })),
)

function spliced(whole: string, place: number, cut: number, more: string): string {
  const at = place % (whole.length + 1)
  return whole.slice(0, at) + more + whole.slice(at + cut)
}

const evidences = fc
  .tuple(wild, channel, text, fc.array(fc.tuple(text, channel), { maxLength: 3 }))
  .map(([said, from, source, read]) => {
    const basedOn = read.map(([one, where]) => evidence(one, { channel: where }))
    return new Evidence({ channel: from, source, text: said, at: 5, basedOn })
  })

function asked(one: MeshAction, { channels }: Evidence, known: Around): PolicyRequest {
  const { agent, at, epoch } = circumstances()
  const asks = { operation: 'apply', action: one.kind } as const
  const node = { id: one.node, regions: [] }
  const meshNodes = SNAPSHOT.nodes.size
  return { ...known, agent, at, epoch, node, asks, tier: riskTier(one), evidence: channels, meshNodes }
}

test('no text gets more than policy permits for the action that it is', () => {
  let proposed = 0
  fc.assert(
    fc.property(evidences, around, (said, known) => {
      const result = propose(said, { policy }, circumstances(known))
      if (!result.ok) return
      proposed++
      const { action: got } = result.value
      expect(ActionSchema.safeParse(JSON.parse(said.untrustedText()))).toEqual({ success: true, data: got })
      expect(SNAPSHOT.nodes.has(got.node)).toBe(true)
      expect(policy.decide(asked(got, said, known)).allowed).toBe(true)
      expect(known.mode).toBe('heal')
      expect(riskTier(got) === 0 || known.approvals.length > 0).toBe(true)
    }),
    { numRuns: 4000 },
  )
  expect(proposed).toBeGreaterThan(20)
})

test('no text does anything where policy permits nothing', () => {
  const strict = { decide: () => ({ allowed: false, policies: [], why: 'no' }) }
  fc.assert(
    fc.property(evidences, around, (said, known) => {
      expect(propose(said, { policy: strict }, circumstances(known)).ok).toBe(false)
    }),
  )
})

/** The same action as other JSON: order of keys, blanks, characters spelt out. */
const writings = fc.tuple(action, fc.infiniteStream(fc.nat({ max: 9 }))).map(([one, choices]) => {
  const next = () => Number(choices.next().value)
  const blank = () => [' ', '\n', '\t', '\r\n', ''][next() % 5] ?? ''
  const letters = (word: string) =>
    word.replace(/[a-z0-9]/g, (letter) =>
      next() === 0 ? `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}` : letter,
    )
  const value = (of: unknown) => (typeof of === 'string' ? `"${letters(of)}"` : JSON.stringify(of))
  const entries = Object.entries(one).map(
    ([key, of]) => `${blank()}"${letters(key)}"${blank()}:${blank()}${value(of)}${blank()}`,
  )
  const from = next() % entries.length
  const turned = [...entries.slice(from), ...entries.slice(0, from)]
  return { one, written: `${blank()}{${turned.join(',')}}${blank()}` }
})

test('how an action is written, who is its source and what was read change no decision', () => {
  fc.assert(
    fc.property(writings, around, channel, text, text, ({ one, written }, known, from, source, read) => {
      const judge = (said: string, about: string, before: string) =>
        propose(
          evidence(said, { channel: from, source: about, basedOn: [evidence(before)] }),
          { policy },
          circumstances(known),
        )
      const [plain, other] = [judge(JSON.stringify(one), 'kimi', ''), judge(written, source, read)]
      if (!plain.ok) expect(other).toEqual(plain)
      else {
        expect(other).toMatchObject({ ok: true, value: { action: one } })
        if (other.ok) expect(other.value.decision).toEqual(plain.value.decision)
      }
    }),
    { numRuns: 1000 },
  )
})

test('what is refused repeats nothing of a text that is no action of this mesh', () => {
  fc.assert(
    fc.property(wild, (said) => {
      const result = propose(evidence(`mark-7f3a ${said}`), { policy }, circumstances())
      expect(JSON.stringify(result)).not.toContain('mark-7f3a')
      const named = propose(
        evidence('{"kind":"restart-daemon","node":"mark-7f3a"}'),
        { policy },
        circumstances(),
      )
      expect(named.ok ? '' : named.error.message).not.toContain('mark-7f3a')
    }),
  )
})
