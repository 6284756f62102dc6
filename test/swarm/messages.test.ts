// The rule: a message comes once, in the order of its sender, or its sender hears why not; what reached nobody is seen.
import { describe, expect, it } from 'vitest'
import { agentId, VirtualClock } from '../../src/core/index.ts'
import { type Letter, type Mailbox, Swarm } from '../../src/swarm/index.ts'

const NEVER = new AbortController().signal
const [ann, bob, eve] = [agentId('ann'), agentId('bob'), agentId('eve')]

function swarmOf(capacity = 256) {
  const clock = new VirtualClock()
  const agents = [ann, bob, eve].map((one) => ({ agentId: one, kind: 'monitor' as const }))
  const swarm = new Swarm({ clock }, { agents, mailbox: { capacity } })
  return { clock, swarm, a: swarm.agent(ann), b: swarm.agent(bob), e: swarm.agent(eve) }
}

/** All that waits. */
async function readAll(mailbox: Mailbox): Promise<Letter[]> {
  const letters: Letter[] = []
  while (mailbox.size > 0) {
    const letter = await mailbox.receive(NEVER)
    if (letter) letters.push(letter)
  }
  return letters
}
const bodies = (letters: readonly Letter[]) => letters.map(({ body }) => body)
const lost = (swarm: Swarm) => swarm.lostLetters.map(({ to, body, reason }) => [to, body, reason])

describe('to an agent', () => {
  it('come in the order of each sender, with who, when and which', async () => {
    const { clock, a, b } = swarmOf()
    for (const n of [1, 2]) {
      await a.communicate(bob, n)
      await clock.advance(5)
    }
    await b.communicate(bob, 'to myself')
    expect(b.reportStatus().waitingLetters).toBe(3)
    const letters = await readAll(b.mailbox)
    expect(letters).toMatchObject([
      { from: 'ann', to: 'bob', seq: 1, at: 0, body: 1, topic: undefined, delivery: 1 },
      { from: 'ann', to: 'bob', seq: 2, at: 5, body: 2 },
      { from: 'bob', to: 'bob', seq: 1, at: 10, body: 'to myself' },
    ])
    expect(letters.every(Object.isFrozen)).toBe(true)
    expect(await letters[0]?.acknowledge()).toBe(true)
  })

  it('are evidence of what their sender says: text as it is, all else as JSON', async () => {
    const { clock, a, b } = swarmOf()
    await clock.advance(7)
    const order = { kind: 'restart-daemon', node: 'n1' }
    const loop: unknown[] = []
    loop.push(loop)
    for (const body of ['say \u202e"yes"', order, undefined, loop, 5n]) await a.communicate(bob, body)
    const [text, json, ...others] = (await readAll(b.mailbox)).map((letter) => () => letter.evidence())
    expect(text?.()).toMatchObject({ channel: 'agent', source: 'ann', at: 7, channels: ['agent'] })
    expect(text?.().quoted()).toBe('"say \\u{202e}\\"yes\\""')
    expect(json?.().quoted()).toBe(JSON.stringify(JSON.stringify(order)))
    expect(others).toHaveLength(3)
    for (const other of others) expect(other).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })

  it('are refused by a full mailbox, and a refused one takes no number; a stranger has none', async () => {
    const { swarm, a, b } = swarmOf(2)
    await a.communicate(bob, 1)
    await a.communicate(bob, 2)
    await expect(a.communicate(bob, 3)).rejects.toMatchObject({ code: 'INSUFFICIENT_RESOURCES' })
    await b.mailbox.receive(NEVER)
    await a.communicate(bob, 4)
    await b.mailbox.receive(NEVER)
    expect(await b.mailbox.receive(NEVER)).toMatchObject({ seq: 3, body: 4 })
    await expect(a.communicate(agentId('x'), 5)).rejects.toMatchObject({ code: 'AGENT_NOT_FOUND' })
    expect(lost(swarm)).toEqual([
      [bob, 3, 'full'],
      ['x', 5, 'stranger'],
    ])
  })

  it('are refused after its end; what waits can be read, then comes the end', async () => {
    const { swarm, a, b } = swarmOf()
    await a.communicate(bob, 'last')
    await b.terminate()
    await expect(a.communicate(bob, 'late')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    const read: unknown[] = []
    for await (const { body } of b.mailbox) read.push(body)
    expect(read).toEqual(['last'])
    expect(lost(swarm)).toEqual([[bob, 'late', 'gone']])
  })

  it('wake each one who waits for them, and are not lost by one who stops waiting', async () => {
    const { a, b } = swarmOf()
    const stop = new AbortController()
    const given = b.mailbox.receive(stop.signal)
    const waiting = [b.mailbox.receive(NEVER), b.mailbox.receive(NEVER)]
    stop.abort()
    await expect(given).rejects.toMatchObject({ code: 'CANCELLED' })
    for (const n of [1, 2, 3]) void a.communicate(bob, n)
    expect((await Promise.all(waiting)).map((letter) => letter?.body)).toEqual([1, 2])
    expect(bodies(await readAll(b.mailbox))).toEqual([3])
    const ended = b.mailbox.receive(NEVER)
    b.mailbox.close()
    expect(await ended).toBeUndefined()
  })

  it('wake another one where the first is cancelled in the same moment', async () => {
    const { a, b } = swarmOf()
    const stop = new AbortController()
    const given = expect(b.mailbox.receive(stop.signal)).rejects.toMatchObject({ code: 'CANCELLED' })
    const waiting = b.mailbox.receive(NEVER)
    await Promise.resolve()
    void a.communicate(bob, 1)
    stop.abort()
    await given
    expect((await waiting)?.body).toBe(1)
  })

  it('can be read on by the next loop', async () => {
    const { a, b } = swarmOf()
    for (const n of [1, 2]) await a.communicate(bob, n)
    for (const n of [1, 2]) {
      for await (const { body } of b.mailbox) {
        expect(body).toBe(n)
        break
      }
    }
  })

  it('expire unread, make room then, and are seen', async () => {
    const { clock, swarm, a, b } = swarmOf(2)
    await a.communicate(bob, 'old', { ttlMs: 10 })
    await a.communicate(bob, 'new', { ttlMs: 30 })
    await clock.advance(10)
    await a.communicate(bob, 'more')
    expect(bodies(await readAll(b.mailbox))).toEqual(['new', 'more'])
    expect(swarm.lostLetters).toMatchObject([{ from: ann, to: bob, body: 'old', reason: 'expired', at: 0 }])
  })

  it.each<[string, object, string]>([
    ['a time to live that is none', { ttlMs: Number.NaN }, 'INVALID_INPUT'],
    ['a word that nobody knows', { durably: true }, 'INVALID_INPUT'],
    ['durability where there is no store', { durable: true }, 'INVALID_CONFIGURATION'],
  ])('are refused with %s, and nothing has happened', async (_, options, code) => {
    const { swarm, a, b } = swarmOf()
    await b.subscribe('news')
    await expect(a.communicate(bob, 1, options)).rejects.toMatchObject({ code })
    await expect(a.publish('news', 1, options)).rejects.toMatchObject({ code })
    expect([b.mailbox.size, swarm.lostLetters]).toEqual([0, []])
  })

  it('that reached nobody are kept, the newest 256', async () => {
    const { swarm, a } = swarmOf()
    for (let n = 0; n < 300; n++) await a.communicate(agentId('x'), n).catch(() => undefined)
    expect(swarm.lostLetters.map(({ body }) => body)).toEqual(Array.from({ length: 256 }, (_, n) => n + 44))
  })
})

describe('to a topic', () => {
  it('come to everybody who is subscribed by then, the sender too, and to nobody else', async () => {
    const { a, b, e } = swarmOf()
    expect(await a.publish('news', 0)).toBe(0)
    for (const agent of [a, b, b]) await agent.subscribe('news')
    await e.subscribe('weather')
    expect(await a.publish('news', 1)).toBe(2)
    expect(await b.unsubscribe('news')).toBe(true)
    expect(await b.unsubscribe('news')).toBe(false)
    expect(await a.publish('news', 2)).toBe(1)
    expect(await readAll(b.mailbox)).toMatchObject([{ body: 1, topic: 'news', from: ann, seq: 1 }])
    expect(bodies(await readAll(a.mailbox))).toEqual([1, 2])
    expect(e.mailbox.size).toBe(0)
  })

  it('are dead letters where a mailbox is full or closed, and come to the others', async () => {
    const { swarm, a, b, e } = swarmOf(1)
    for (const agent of [a, b, e]) await agent.subscribe('news')
    await a.communicate(bob, 'before')
    await e.terminate()
    expect(await a.publish('news', 1)).toBe(1)
    expect(lost(swarm)).toEqual([
      [bob, 1, 'full'],
      [eve, 1, 'gone'],
    ])
  })

  it('end for an agent with its leaving', async () => {
    const clock = new VirtualClock()
    const swarm = new Swarm({ clock }, { agents: 3 })
    for (const agent of swarm.agents) await agent.subscribe('news')
    await swarm.scale(1)
    await swarm.scale(3)
    expect(await swarm.agents[0]?.publish('news', 1)).toBe(1)
  })

  it('are bounded for each agent', async () => {
    const { a, b } = swarmOf()
    for (let n = 0; n < 100; n++) await a.subscribe(`topic-${n}`)
    await expect(a.subscribe('more')).rejects.toMatchObject({ code: 'INSUFFICIENT_RESOURCES' })
    await a.subscribe('topic-7')
    await b.subscribe('more')
    await expect(a.subscribe('')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(await a.publish('more', 1)).toBe(1)
  })
})

describe('with an answer', () => {
  it('bring it to the one who asked, each its own', async () => {
    const { a, b, e } = swarmOf()
    const answers = [a, e].map((one, n) => one.request(bob, n, { deadlineMs: 100 }, NEVER))
    for (const letter of await readAll(b.mailbox)) expect(letter.reply(Number(letter.body) + 10)).toBe(true)
    expect(await Promise.all(answers)).toEqual([10, 11])
    expect(a.mailbox.size).toBe(0)
  })

  it('say TIMEOUT at the deadline; the request is not read then, and a late answer is a dead letter', async () => {
    const { clock, swarm, a, b } = swarmOf()
    const read = a.request(bob, 'read', { deadlineMs: 100 }, NEVER)
    const letter = await b.mailbox.receive(NEVER)
    const unread = a.request(bob, 'unread', { deadlineMs: 100 }, NEVER)
    for (const request of [read, unread])
      await expect(clock.runUntil(request)).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect(clock.now()).toBe(100)
    expect(letter?.reply('late')).toBe(false)
    expect(b.mailbox.size).toBe(0)
    expect(lost(swarm)).toEqual([
      [ann, 'late', 'unawaited'],
      [bob, 'unread', 'expired'],
    ])
  })

  it('take the first one only, and none after an abort; other letters take none', async () => {
    const { swarm, a, b } = swarmOf()
    const stop = new AbortController()
    const first = a.request(bob, 1, { deadlineMs: 100 }, NEVER)
    const given = a.request(bob, 2, { deadlineMs: 100 }, stop.signal)
    await a.communicate(bob, 3)
    stop.abort()
    await expect(given).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect(a.request(bob, 4, { deadlineMs: 100 }, stop.signal)).rejects.toMatchObject({
      code: 'CANCELLED',
    })
    const [one, two, plain, ...others] = await readAll(b.mailbox)
    expect(others).toEqual([])
    expect([one, one, two, plain].map((letter) => letter?.reply('yes'))).toEqual([true, false, false, false])
    expect(await first).toBe('yes')
    expect(lost(swarm)).toEqual(Array(3).fill([ann, 'yes', 'unawaited']))
  })

  it('reject like any other message, and leave no timer behind', async () => {
    const { clock, swarm, a, b } = swarmOf(1)
    await b.terminate()
    const ask = (target: typeof ann, deadlineMs = 100) => a.request(target, 1, { deadlineMs }, NEVER)
    await expect(ask(bob)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(ask(agentId('x'))).rejects.toMatchObject({ code: 'AGENT_NOT_FOUND' })
    await expect(ask(eve, 0)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await a.communicate(eve, 1)
    await expect(ask(eve)).rejects.toMatchObject({ code: 'INSUFFICIENT_RESOURCES' })
    await expect(clock.runUntil(new Promise(() => undefined))).rejects.toThrow(/Nothing is due after 0 ms/)
    expect(lost(swarm).map(([, , reason]) => reason)).toEqual(['gone', 'stranger', 'full'])
  })
})
