// The rule: a token that was changed in any way gains no right, and what a holder adds in a form of their own is refused.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeId } from '../../../src/core/index.ts'
import { type BiscuitLibrary, loadBiscuit } from '../../../src/security/capability/biscuit/load.ts'
import type { CapabilityAsk } from '../../../src/security/index.ts'
import { ASK, CHILD, fieldsOf, HOLDER, NEVER, NOW, newEngine, ROOT, setUp, THIEF } from './support.ts'

let engine: ReturnType<typeof newEngine>
let library: BiscuitLibrary
beforeAll(async () => {
  engine = newEngine()
  library = await loadBiscuit()
})
afterAll(() => engine.close())

/** What the token of `setUp` does not allow, one by one, and what it does. */
const FORBIDDEN: readonly CapabilityAsk[] = [
  { ...ASK, node: nodeId('99') },
  { ...ASK, action: 'restart-daemon' },
  { ...ASK, tier: 3 },
  { ...ASK, epoch: ASK.epoch + 1 },
]

async function answersOf(token: string) {
  const asks = [ASK, ...FORBIDDEN]
  const answers = await Promise.all(
    asks.map((ask) => engine.authorise(token, ROOT.publicKey, ask, NOW, NEVER)),
  )
  return answers.map((answer) => (answer.allowed ? 'allowed' : answer.reason))
}

const NO_RIGHT = ['allowed', 'node', 'action', 'tier', 'epoch']

async function aChild(): Promise<string> {
  const { manager, mint } = setUp(engine)
  const { token } = await mint()
  const child = await manager.attenuate(token, { perMinute: 30 }, NEVER, {
    from: HOLDER,
    to: CHILD.publicKey,
  })
  return child.token
}

const flipped = (bytes: Buffer, bit: number) => {
  const changed = Buffer.from(bytes)
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return changed.toString('base64url')
}

describe('bytes', () => {
  test('a flipped bit gains nothing, wherever it is', async () => {
    const bytes = Buffer.from(await aChild(), 'base64url')
    expect(await answersOf(bytes.toString('base64url'))).toEqual(NO_RIGHT)
    for (let bit = 0; bit < bytes.length * 8; bit += 7) {
      const answers = await answersOf(flipped(bytes, bit))
      for (const [index, answer] of answers.entries())
        expect(['malformed', 'signature', NO_RIGHT[index]], `bit ${bit}`).toContain(answer)
    }
  })

  test('a token that was cut off is none', async () => {
    const bytes = Buffer.from(await aChild(), 'base64url')
    for (let length = 0; length < bytes.length; length += 7) {
      const [first] = await answersOf(bytes.subarray(0, length).toString('base64url'))
      expect(['malformed', 'signature'], `${length} bytes`).toContain(first)
    }
  })

  test('rubbish is no token', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.base64String({ maxLength: 400 })), async (text) => {
        const answer = await engine.authorise(text, ROOT.publicKey, ASK, NOW, NEVER)
        expect(answer.allowed).toBe(false)
      }),
    )
    expect((await engine.authorise('A'.repeat(1_000_000), ROOT.publicKey, ASK, NOW, NEVER)).allowed).toBe(
      false,
    )
  })

  test('blocks in another order, or without one of them, are no token', async () => {
    const { manager, mint } = setUp(engine)
    const parent = await mint()
    const one = await manager.attenuate(parent.token, { perMinute: 30 }, NEVER)
    const two = await manager.attenuate(one.token, { perMinute: 20 }, NEVER)
    const fields = fieldsOf(Buffer.from(two.token, 'base64url'))
    const join = (order: readonly number[]) =>
      Buffer.concat(order.map((index) => fields[index] ?? Buffer.of())).toString('base64url')
    // The authority block, two more, the proof.
    expect(await answersOf(join([0, 1, 2, 3]))).toEqual(NO_RIGHT)
    for (const order of [
      [0, 2, 1, 3],
      [0, 2, 3],
      [0, 1, 3],
      [0, 3],
      [1, 2, 3],
      [0, 1, 1, 2, 3],
    ])
      expect((await answersOf(join(order)))[0], `${order}`).toMatch(/^(malformed|signature)$/)
  })
})

describe('a block of the holder in Biscuit itself', () => {
  const blocks = [
    'node("99"); action("restart-daemon"); tier(0); epoch(8);',
    'check if true;',
    'check if node($node), {"99"}.contains($node) or true;',
    'node("99") <- node($any);',
    `holder("${THIEF.publicKey}");`,
    'agent("root");',
    'check if epoch(8);',
    'rate(1000000); rate(2);',
    'rate(-1);',
    'blast(1000000);',
    'allowed("everything");',
    'check if action($action), {"probe"}.contains($action) trusting previous;',
    'text("a\\");\\nrate(5");',
  ]

  test.each(blocks)('gains nothing by %s', async (code) => {
    const { mint } = setUp(engine)
    const { token } = await mint()
    const root = library.PublicKey.fromString(ROOT.publicKey.slice('ed25519/'.length), 0)
    const parsed = library.Biscuit.fromBase64(token, root)
    const block = library.Biscuit.block_builder()
    block.addCode(code)
    const answers = await answersOf(parsed.appendBlock(block).toBase64())
    expect(answers).toEqual(answers.map(() => 'malformed'))
  })

  test('in our own form makes it narrower and nothing else', async () => {
    const { mint } = setUp(engine)
    const { token } = await mint()
    const root = library.PublicKey.fromString(ROOT.publicKey.slice('ed25519/'.length), 0)
    const block = library.Biscuit.block_builder()
    block.addCode('check if node($node), {"12", "99"}.contains($node); rate(1000000);')
    const child = library.Biscuit.fromBase64(token, root).appendBlock(block).toBase64()
    expect(await answersOf(child)).toEqual(NO_RIGHT)
    const { lineage } = await engine.read(child, ROOT.publicKey, NEVER)
    expect(lineage.at(-1)?.scope).toMatchObject({ perMinute: 60, nodes: ['12'] })
  })
})

test('a signature under a block of one token is worth nothing under another', async () => {
  const { manager, mint, use } = setUp(engine)
  const narrow = await mint({ actions: ['probe'] })
  const wide = await mint()
  const given = await manager.attenuate(narrow.token, {}, NEVER, { from: HOLDER, to: CHILD.publicKey })
  expect(await use(given.token, CHILD)).toBe('allowed')
  const [authority, proof] = fieldsOf(Buffer.from(wide.token, 'base64url'))
  const [, handover, childProof] = fieldsOf(Buffer.from(given.token, 'base64url'))
  for (const last of [proof, childProof]) {
    const forged = Buffer.concat([authority, handover, last].map((part) => part ?? Buffer.of())).toString(
      'base64url',
    )
    expect(await use(forged, CHILD)).toMatch(/^(malformed|signature)$/)
  }
})
