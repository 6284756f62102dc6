// The rule: who has approved is said by name, each person once; what they have not signed for exactly this, on this node,
// under this token and until now, is no approval.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BiscuitLibrary, loadBiscuit } from '../../../src/security/capability/biscuit/load.ts'
import { type Approval, type KeyPair, keyPair, seedOf, TokenJudge } from '../../../src/security/index.ts'
import { ASK, CHILD, fieldsOf, HOLDER, NEVER, NOW, newEngine, nodes, ROOT, setUp, THIEF } from './support.ts'

let engine: ReturnType<typeof newEngine>
let library: BiscuitLibrary
beforeAll(async () => {
  engine = newEngine()
  library = await loadBiscuit()
})
afterAll(() => engine.close())

const seeded = (byte: number) => keyPair(new Uint8Array(32).fill(byte))
const [one, two, three] = [seeded(31), seeded(32), seeded(33)]
const LIST = [one, two, three].map((pair) => pair.publicKey)
const PLAN = 'ab'.repeat(32)
const approval: Approval = { plan: PLAN, nodes: nodes('12', '13'), until: NOW + 60_000 }

/** Who has approved it, or why it is denied. */
async function approversOf(token: string, least = 0, now = NOW) {
  const ask = { ...ASK, approvals: { plan: PLAN, approvers: LIST, least } }
  const answer = await engine.authorise(token, ROOT.publicKey, ask, now, NEVER)
  return answer.allowed ? answer.approvers : answer.reason
}

async function approved(...signed: readonly (readonly [Approval, KeyPair])[]): Promise<string> {
  const { manager, mint } = setUp(engine)
  let { token } = await mint()
  for (const [what, by] of signed) ({ token } = await manager.approve(token, what, by, NEVER))
  return token
}

test('nothing need be demanded to hear who it was', async () => {
  expect(await approversOf(await approved())).toEqual([])
  expect(await approversOf(await approved([approval, two]))).toEqual([two.publicKey])
  const both = await approved([approval, three], [approval, one])
  expect(await approversOf(both)).toEqual([one.publicKey, three.publicKey])
  expect(await approversOf(both, 2)).toEqual([one.publicKey, three.publicKey])
  expect(await approversOf(both, 3)).toBe('approvals')
})

test.each<[string, (readonly [Approval, KeyPair])[]]>([
  ['for another plan', [[{ ...approval, plan: 'cd'.repeat(32) }, two]]],
  ['for other nodes', [[{ ...approval, nodes: nodes('13') }, two]]],
  ['that is over', [[{ ...approval, until: NOW - 1000 }, two]]],
  ['of a stranger', [[approval, THIEF]]],
  ['of the holder', [[approval, HOLDER]]],
])('an approval %s is none', async (_, more) => {
  expect(await approversOf(await approved([approval, one], ...more))).toEqual([one.publicKey])
})

test('the same person twice is one person', async () => {
  const twice = await approved([approval, one], [{ ...approval, until: NOW + 120_000 }, one])
  expect(await approversOf(twice)).toEqual([one.publicKey])
  expect(await approversOf(twice, 2)).toBe('approvals')
  // It counts for as long as the longer one.
  expect(await approversOf(twice, 0, NOW + 60_000)).toEqual([one.publicKey])
  expect(await approversOf(twice, 0, NOW + 120_000)).toEqual([])
})

test('a token that is narrowed or handed over keeps them', async () => {
  const { manager } = setUp(engine)
  const own = await approved([approval, one])
  const narrow = await manager.attenuate(own, { nodes: nodes('12') }, NEVER, {
    from: HOLDER,
    to: CHILD.publicKey,
  })
  expect(await approversOf(narrow.token)).toEqual([one.publicKey])
})

test('a block of an approver is worth nothing under another token, though both are of this root', async () => {
  const { mint } = setUp(engine)
  const given = await approved([approval, one])
  const { token: other } = await mint()
  const [authority, proof] = fieldsOf(Buffer.from(other, 'base64url'))
  const [, block, givenProof] = fieldsOf(Buffer.from(given, 'base64url'))
  for (const last of [proof, givenProof]) {
    const forged = Buffer.concat([authority, block, last].map((part) => part ?? Buffer.of()))
    expect(await approversOf(forged.toString('base64url'))).toMatch(/^(malformed|signature)$/)
  }
})

test('what an approver has signed for one token cannot be appended to another', async () => {
  const { mint } = setUp(engine)
  const [first, second] = [await mint(), await mint()]
  const root = library.PublicKey.fromString(ROOT.publicKey.slice('ed25519/'.length), 0)
  const key = library.PublicKey.fromString(one.publicKey.slice('ed25519/'.length), 0)
  const secret = library.PrivateKey.fromString(`ed25519-private/${seedOf(one).toString('hex')}`)
  const signedFor = (token: string) => {
    const block = library.Biscuit.block_builder()
    block.addCode(`approved("${PLAN}", {"12"}, 2026-11-28T13:30:00Z);`)
    const parsed = library.Biscuit.fromBase64(token, root)
    return parsed.getThirdPartyRequest().createBlock(secret, block)
  }
  const appended = (signed: ReturnType<typeof signedFor>) => {
    try {
      return library.Biscuit.fromBase64(first.token, root).appendThirdPartyBlock(key, signed).toBase64()
    } catch {
      return 'refused by the library'
    }
  }
  expect(await approversOf(appended(signedFor(first.token)))).toEqual([one.publicKey])
  expect(await approversOf(appended(signedFor(second.token)))).toMatch(/^(malformed|signature)$/)
})

test.each([Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY])('least %s is no demand', async (least) => {
  expect(await approversOf(await approved([approval, one]), least)).toBe('malformed')
})

test('the judge hands them on, and what it remembers of another question has none', async () => {
  const { clock } = setUp(engine)
  const judge = new TokenJudge({ engine, clock, root: ROOT.publicKey })
  const token = await approved([approval, one])
  const ask = { ...ASK, approvals: { plan: PLAN, approvers: LIST, least: 0 } }
  for (const [asked, approvers] of [
    [ASK, []],
    [ask, [one.publicKey]],
    [ASK, []],
  ] as const)
    expect(await judge.judge(token, asked, NEVER)).toMatchObject({ allowed: true, approvers })
})
