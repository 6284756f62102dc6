// The rule: every question gets an answer or an error. What breaks the thread costs the question it was at, and no other.
import { describe, expect, test } from 'vitest'
import { agentId } from '../../../src/core/index.ts'
import { ASK, EPOCH, HOLDER, NEVER, NOW, newEngine, nodes, ROOT, SCOPE, setUp } from './support.ts'

/** What the manager lets nobody write: in Datalog it is a formula so deep that the stack of the library is too small. */
const DEADLY = agentId(`a"); check if ${'('.repeat(200_000)}true${')'.repeat(200_000)}; agent("b`)
/** So many different words that the library, which looks each one up among all before it, is at it for minutes. */
const ENDLESS = agentId(
  `a"); ${Array.from({ length: 200_000 }, (_, index) => `word("w${index}");`).join('')} agent("b`,
)

const terms = (agent = agentId('monitor-7')) => ({
  agent,
  holder: HOLDER.publicKey,
  epoch: EPOCH,
  scope: SCOPE,
})

describe('a thread that is recycled', () => {
  test('loses no answer and mixes none up', async () => {
    await using engine = newEngine({ recycleAfter: 40 })
    const { mint } = setUp(engine)
    const { token } = await mint()
    const names = ['12', '99', '13', '98']
    for (let round = 0; round < 10; round++) {
      const asked = Array.from({ length: 30 }, (_, index) => {
        const [node = ASK.node] = nodes(names[index % 4] ?? '')
        return engine.authorise(token, ROOT.publicKey, { ...ASK, node }, NOW, NEVER)
      })
      const answers = (await Promise.all(asked)).map(({ allowed }) => allowed)
      expect(answers).toEqual(answers.map((_, index) => index % 2 === 0))
    }
  })
})

describe('a thread that breaks', () => {
  test('over one question denies that one, and the others are answered by the next', async () => {
    await using engine = newEngine()
    const { mint } = setUp(engine)
    const { token } = await mint()
    const ask = () => engine.authorise(token, ROOT.publicKey, ASK, NOW, NEVER)
    const before = [ask(), ask()]
    const deadly = engine.mint(ROOT, terms(DEADLY), NEVER)
    const after = [ask(), ask(), ask()]
    await expect(deadly).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect((await Promise.all([...before, ...after])).map(({ allowed }) => allowed)).toEqual([
      true,
      true,
      true,
      true,
      true,
    ])
    expect((await ask()).allowed).toBe(true)
  })

  test('again and again costs each of them, and none waits for ever', async () => {
    await using engine = newEngine()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, () => engine.mint(ROOT, terms(DEADLY), NEVER)),
    )
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual(
      outcomes.map(() => 'UNAVAILABLE'),
    )
    expect(await engine.mint(ROOT, terms(), NEVER)).toMatch(/^[\w-]+=*$/)
  })
})

test('a thread that hangs is ended at the deadline, and the next one answers', async () => {
  await using engine = newEngine({ deadlineMs: 5000 })
  await expect(engine.mint(ROOT, terms(ENDLESS), NEVER)).rejects.toMatchObject({ code: 'TIMEOUT' })
  expect(await engine.mint(ROOT, terms(), NEVER)).toMatch(/^[\w-]+=*$/)
})

test('more questions than may wait are refused at once', async () => {
  await using engine = newEngine({ maxPending: 3 })
  const asked = Array.from({ length: 5 }, () => engine.mint(ROOT, terms(), NEVER))
  const outcomes = await Promise.allSettled(asked)
  expect(outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'done'))).toEqual([
    'done',
    'done',
    'done',
    'INSUFFICIENT_RESOURCES',
    'INSUFFICIENT_RESOURCES',
  ])
})

test('a question that is withdrawn rejects at once, and those behind it are answered', async () => {
  await using engine = newEngine()
  const stop = new AbortController()
  const withdrawn = engine.mint(ROOT, terms(), stop.signal)
  const behind = engine.mint(ROOT, terms(), NEVER)
  stop.abort()
  await expect(withdrawn).rejects.toMatchObject({ code: 'CANCELLED' })
  await expect(engine.mint(ROOT, terms(), stop.signal)).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(await behind).toMatch(/^[\w-]+=*$/)
})

test('closing ends what is under way; a second call does nothing', async () => {
  const engine = newEngine()
  const underWay = engine.mint(ROOT, terms(), NEVER)
  const closing = engine.close()
  await expect(underWay).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(engine.close()).toBe(closing)
  await closing
  await expect(engine.mint(ROOT, terms(), NEVER)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})

test('no token of this root cannot be read or added to', async () => {
  await using engine = newEngine()
  const block = { kind: 'restriction', restriction: {} } as const
  await expect(engine.read('rubbish', ROOT.publicKey, NEVER)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  await expect(engine.append('rubbish', ROOT.publicKey, block, undefined, NEVER)).rejects.toMatchObject({
    code: 'INVALID_INPUT',
  })
})
