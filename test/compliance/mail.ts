import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { agentId, swarmId } from '../../src/core/index.ts'
import type { Address, MailReader, Message, SwarmBackend, TakenLetter } from '../../src/engine/index.ts'
import type { BackendFixture } from './swarm-backend.ts'

/** Small enough that a test gets there. */
export const SMALL_MAIL = { capacity: 4, maxDeliveries: 2, keepDead: 3 }

const [red, blue] = [swarmId('red'), swarmId('blue')]
const [ann, bob] = [agentId('ann'), agentId('bob')]
const SHORT_MS = 40

/** What the port `mail` of every `SwarmBackend` promises. Each test has a store of its own. */
export function describeMail(
  name: string,
  makeFixture: () => Promise<BackendFixture>,
  { skip }: { readonly skip?: string | undefined } = {},
): void {
  describe(`mail of swarm backend ${name}`, () => {
    let fixture: BackendFixture
    let handles: SwarmBackend[]
    /** Two processes, as it were, with the same store. */
    let here: SwarmBackend
    let there: SwarmBackend
    let stop: AbortController

    const open = async () => {
      const handle = await fixture.open()
      handles.push(handle)
      return handle
    }
    const to = (agent = bob, swarm = red): Address => ({ swarm, agent })
    const say = (body: Message['body'], more: Partial<Message> = {}) => ({ from: ann, body, ...more })
    const sendAll = async (...bodies: Message['body'][]) => {
      for (const body of bodies) await here.mail.send(to(), say(body))
    }
    const taken = async (reader: MailReader): Promise<TakenLetter> => {
      const letter = await reader.take()
      if (!letter) throw new Error('no letter waits')
      return letter
    }
    const takeAll = async (reader: MailReader) => {
      const letters: TakenLetter[] = []
      for (let letter = await reader.take(); letter; letter = await reader.take()) letters.push(letter)
      return letters
    }
    const bodies = (letters: readonly { readonly body: unknown }[]) => letters.map(({ body }) => body)
    const dead = async () =>
      (await there.mail.deadLetters(red)).map(({ body, reason }) => [body, reason] as const)
    const waiting = async (swarm = red) =>
      (await there.mail.mailboxes(swarm)).map((box) => [box.agent, box.waiting, box.taken])

    beforeEach(async (context) => {
      context.skip(skip !== undefined, skip)
      fixture = await makeFixture()
      handles = []
      stop = new AbortController()
      ;[here, there] = [await open(), await open()]
    })
    afterEach(async () => {
      stop?.abort()
      await Promise.all((handles ?? []).map((handle) => handle.close()))
      await fixture?.remove()
    })

    it('comes as it was sent, in order, to its address and to no other, once', async () => {
      const sent = await Promise.all([1, 2, 3].map((n) => here.mail.send(to(), say({ n }))))
      await here.mail.send(to(ann), say('for ann'))
      await here.mail.send(to(bob, blue), say('for the other bob'))
      const reader = await there.mail.open(to())
      expect(reader.newest).toBe(sent[2])
      const letters = await takeAll(reader)
      expect(letters.map(({ id }) => id)).toEqual(sent)
      expect(bodies(letters)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
      expect(letters[0]).toMatchObject({ to: to(), from: ann, topic: undefined, delivery: 1 })
      for (const letter of letters) expect(await there.mail.acknowledge(letter)).toBe(true)
      expect(await takeAll(await here.mail.open(to()))).toEqual([])
      expect(await waiting()).toEqual([[ann, 1, 0]])
      expect(await waiting(blue)).toEqual([[bob, 1, 0]])
    })

    it('wakes its reader, whoever sends it, until the reader stops waiting', async () => {
      const reader = await there.mail.open(to())
      expect([reader.newest, await reader.take()]).toEqual([0, undefined])
      const arrivals = reader.arrivals(reader.newest, stop.signal)[Symbol.asyncIterator]()
      for (const backend of [here, there]) {
        const next = arrivals.next()
        const id = await backend.mail.send(to(), say(1))
        expect((await next).value).toBe(id)
        expect((await taken(reader)).id).toBe(id)
      }
      const ended = arrivals.next()
      stop.abort()
      await expect(ended).rejects.toMatchObject({ code: 'CANCELLED' })
    })

    it('is refused where the mailbox is full, those included that are with its reader', async () => {
      await sendAll(1, 2, 3, 4)
      const reader = await there.mail.open(to())
      const first = await taken(reader)
      await expect(here.mail.send(to(), say(5))).rejects.toMatchObject({ code: 'INSUFFICIENT_RESOURCES' })
      await here.mail.send(to(ann), say('another mailbox'))
      await there.mail.acknowledge(first)
      await sendAll(6)
      expect(bodies(await takeAll(reader))).toEqual([2, 3, 4, 6])
      expect(await dead()).toEqual([])
    })

    it('is refused where it is too long, and nothing has happened then', async () => {
      await here.mail.subscribe(to(), 'news')
      const long = say('x'.repeat(64 * 1024 - 1))
      await expect(here.mail.send(to(), long)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
      await expect(here.mail.publish(red, 'news', long)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
      expect(await waiting()).toEqual([[bob, 0, 0]])
      await sendAll('x'.repeat(64 * 1024 - 2))
    })

    describe('with a reader', () => {
      it('comes again to the next one, in the same order before anything new, and says so', async () => {
        await sendAll(1, 2, 3)
        const first = await here.mail.open(to())
        const [one] = [await taken(first), await taken(first)]
        await here.mail.acknowledge(one)
        await sendAll(4)
        const again = await takeAll(await there.mail.open(to()))
        expect(again.map(({ body, delivery }) => [body, delivery])).toEqual([
          [2, 2],
          [3, 1],
          [4, 1],
        ])
      })

      it('is lost for good to the reader before, which finds out', async () => {
        await sendAll(1)
        const first = await here.mail.open(to())
        const old = await taken(first)
        const arrivals = first.arrivals(first.newest, stop.signal)[Symbol.asyncIterator]().next()
        const ended = expect(arrivals).rejects.toMatchObject({ code: 'CONFLICT' })
        const second = await there.mail.open(to())
        await ended
        const again = await taken(second)
        await expect(first.take()).rejects.toMatchObject({ code: 'CONFLICT' })
        expect(await here.mail.acknowledge(old)).toBe(false)
        expect(await there.mail.acknowledge(again)).toBe(true)
        expect(await there.mail.acknowledge(again)).toBe(false)
      })

      it('is dead for the next one when its readers have ended with it too often', async () => {
        await sendAll('poison', 'good')
        const counts: number[] = []
        for (const backend of [here, there]) {
          const letter = await taken(await backend.mail.open(to()))
          expect(letter.body).toBe('poison')
          counts.push(letter.delivery)
        }
        expect(counts).toEqual([1, 2])
        expect(bodies(await takeAll(await here.mail.open(to())))).toEqual(['good'])
        expect(await dead()).toEqual([['poison', 'unacknowledged']])
      })
    })

    describe('for a topic', () => {
      const subscribe = async () => {
        for (const agent of [ann, bob]) await here.mail.subscribe(to(agent), 'news')
        await there.mail.subscribe(to(bob), 'news')
        await there.mail.subscribe(to(bob), 'weather')
        await here.mail.subscribe(to(bob, blue), 'news')
      }

      it('comes to everybody who is subscribed by then, once, and to nobody else', async () => {
        await subscribe()
        const sent = await there.mail.publish(red, 'news', say('first'))
        expect(sent.map(({ to: { agent } }) => agent).toSorted()).toEqual([ann, bob])
        expect(await here.mail.unsubscribe(to(bob), 'news')).toBe(true)
        expect(await here.mail.unsubscribe(to(bob), 'news')).toBe(false)
        await there.mail.publish(red, 'news', say('second'))
        expect(await there.mail.publish(red, 'sports', say('third'))).toEqual([])
        expect(bodies(await takeAll(await here.mail.open(to(ann))))).toEqual(['first', 'second'])
        const letters = await takeAll(await here.mail.open(to(bob)))
        expect(letters).toMatchObject([{ body: 'first', topic: 'news', from: ann }])
        expect(await there.mail.mailboxes(blue)).toMatchObject([{ agent: bob, waiting: 0, topics: ['news'] }])
      })

      it('is dead where a mailbox is full, and comes to the others', async () => {
        await subscribe()
        await sendAll(1, 2, 3, 4)
        const sent = await here.mail.publish(red, 'news', say('news'))
        expect(sent.map(({ to: { agent } }) => agent)).toEqual([ann])
        expect(await there.mail.deadLetters(red)).toMatchObject([
          { to: to(bob), topic: 'news', body: 'news', reason: 'full' },
        ])
        expect(bodies(await takeAll(await here.mail.open(to(bob))))).toEqual([1, 2, 3, 4])
      })

      it('cannot be subscribed to beyond 100 of them', async () => {
        for (let n = 0; n < 100; n++) void here.mail.subscribe(to(), `topic-${n}`)
        const more = here.mail.subscribe(to(), 'more')
        await expect(more).rejects.toMatchObject({ code: 'INSUFFICIENT_RESOURCES' })
        await here.mail.subscribe(to(), 'topic-7')
        expect((await there.mail.mailboxes(red))[0]?.topics).toHaveLength(100)
      })
    })

    describe('that is dead', () => {
      it('was not taken in its time; one that was is with its reader for as long as it takes', async () => {
        const before = fixture.clock.now()
        await here.mail.send(to(), say('kept', { ttlMs: SHORT_MS }))
        const reader = await there.mail.open(to())
        const kept = await taken(reader)
        await here.mail.send(to(), say('late', { ttlMs: SHORT_MS }))
        await here.mail.send(to(), say('later', { ttlMs: 600_000 }))
        await fixture.clock.sleep(SHORT_MS * 2)
        expect((await reader.take())?.body).toBe('later')
        const [expired, ...others] = await here.mail.deadLetters(red)
        expect(others).toEqual([])
        expect(expired).toMatchObject({ body: 'late', reason: 'expired', from: ann, to: to() })
        expect(expired?.diedAt).toBeGreaterThanOrEqual(before + SHORT_MS)
        expect(await there.mail.acknowledge(kept)).toBe(true)
      })

      it('makes room in its mailbox', async () => {
        await here.mail.send(to(), say('late', { ttlMs: SHORT_MS }))
        await sendAll(1, 2, 3)
        await fixture.clock.sleep(SHORT_MS * 2)
        await sendAll(4)
        expect(await dead()).toEqual([['late', 'expired']])
        expect(await waiting()).toEqual([[bob, 4, 0]])
      })

      it('was in a mailbox that was removed, with its reader or not', async () => {
        await here.mail.subscribe(to(), 'news')
        await sendAll('with its reader', 'waits')
        const reader = await there.mail.open(to())
        await taken(reader)
        await here.mail.remove(to())
        await here.mail.remove(to())
        expect(await dead()).toEqual([
          ['with its reader', 'gone'],
          ['waits', 'gone'],
        ])
        await expect(reader.take()).rejects.toMatchObject({ code: 'CONFLICT' })
        expect(await here.mail.publish(red, 'news', say('news'))).toEqual([])
        expect(await waiting()).toEqual([])
      })

      it('can be delivered again, as a new one at the end, unless there is no room', async () => {
        await sendAll('poison')
        for (const backend of [here, there, here]) await (await backend.mail.open(to())).take()
        const [letter] = await here.mail.deadLetters(red)
        const id = letter?.id ?? 0
        await sendAll(1, 2, 3, 4)
        await expect(here.mail.redeliver(red, id)).rejects.toMatchObject({ code: 'INSUFFICIENT_RESOURCES' })
        expect(await dead()).toEqual([['poison', 'unacknowledged']])
        const reader = await there.mail.open(to())
        await there.mail.acknowledge(await taken(reader))
        expect(await there.mail.redeliver(blue, id)).toBe(false)
        expect(await there.mail.redeliver(red, id)).toBe(true)
        expect(await there.mail.redeliver(red, id)).toBe(false)
        const rest = await takeAll(reader)
        expect(bodies(rest)).toEqual([2, 3, 4, 'poison'])
        expect(rest[3]?.delivery).toBe(1)
        expect(await dead()).toEqual([])
      })

      it('can be dropped, and the oldest make room for the newest', async () => {
        for (const round of [0, 1, 2]) {
          await sendAll(`${round}-a`, `${round}-b`)
          await here.mail.remove(to())
        }
        const left = await there.mail.deadLetters(red)
        expect(bodies(left)).toEqual(['1-b', '2-a', '2-b'])
        const [oldest] = left
        expect(await here.mail.drop(blue, oldest?.id ?? 0)).toBe(false)
        expect(await here.mail.drop(red, oldest?.id ?? 0)).toBe(true)
        expect(await here.mail.drop(red, oldest?.id ?? 0)).toBe(false)
        expect(bodies(await there.mail.deadLetters(red))).toEqual(['2-a', '2-b'])
      })

      it('is told from one that waits: that one can neither be dropped nor delivered again', async () => {
        const id = await here.mail.send(to(), say(1))
        expect(await here.mail.drop(red, id)).toBe(false)
        expect(await here.mail.redeliver(red, id)).toBe(false)
        expect(await waiting()).toEqual([[bob, 1, 0]])
      })
    })

    it('is delivered or dead, in order and within bounds, whoever sends, reads, acknowledges and crashes', async () => {
      const act = fc.oneof(
        fc.record({ kind: fc.constant('send' as const), from: fc.constantFrom(ann, bob), by: fc.boolean() }),
        fc.record({
          kind: fc.constantFrom('take' as const, 'acknowledge' as const, 'crash' as const),
          by: fc.boolean(),
        }),
      )
      let round = 0
      await fc.assert(
        fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
          const address = to(bob, swarmId(`swarm-${round++}`))
          const first = new Set<number>()
          const sent = new Map<number, Message['from']>()
          const done = new Set<number>()
          let reader = await here.mail.open(address)
          let held: TakenLetter[] = []
          const take = async () => {
            const letter = await reader.take()
            if (!letter) return false
            held.push(letter)
            first.add(letter.id)
            expect(done.has(letter.id)).toBe(false)
            expect(letter.delivery).toBeLessThanOrEqual(SMALL_MAIL.maxDeliveries)
            return true
          }
          for (const next of acts) {
            const backend = next.by ? here : there
            if (next.kind === 'send') {
              const { from } = next
              const id = await backend.mail.send(address, { from, body: null }).catch(({ code }) => code)
              if (id !== 'INSUFFICIENT_RESOURCES') sent.set(id, from)
            } else if (next.kind === 'take') await take()
            else if (next.kind === 'crash') {
              reader = await backend.mail.open(address)
              held = []
            } else {
              const letter = held.shift()
              if (letter && (await backend.mail.acknowledge(letter))) done.add(letter.id)
            }
            const [box = { waiting: 0, taken: 0 }] = await backend.mail.mailboxes(address.swarm)
            expect(box.waiting + box.taken).toBeLessThanOrEqual(SMALL_MAIL.capacity)
            expect(box.taken).toBeGreaterThanOrEqual(held.length)
            expect((await backend.mail.deadLetters(address.swarm)).length).toBeLessThanOrEqual(
              SMALL_MAIL.keepDead,
            )
          }
          while (await take());
          // Those that were taken too often were delivered as well: none is only dead.
          expect([...first].toSorted((a, b) => a - b)).toEqual([...sent.keys()])
          for (const from of [ann, bob]) {
            const own = [...first].filter((id) => sent.get(id) === from)
            expect(own).toEqual([...sent.keys()].filter((id) => sent.get(id) === from))
          }
        }),
        { numRuns: 40 },
      )
    })

    it('is forgotten with its swarm, dead or not, and only with its own', async () => {
      for (const swarm of [red, blue]) {
        await here.mail.subscribe(to(bob, swarm), 'news')
        await here.mail.send(to(ann, swarm), say('dead'))
        await here.mail.remove(to(ann, swarm))
        await here.mail.send(to(bob, swarm), say(1))
      }
      const reader = await here.mail.open(to())
      await there.forget(red)
      await expect(reader.take()).rejects.toMatchObject({ code: 'CONFLICT' })
      expect([await here.mail.mailboxes(red), await here.mail.deadLetters(red)]).toEqual([[], []])
      expect(await here.mail.mailboxes(blue)).toMatchObject([{ agent: bob, waiting: 1, topics: ['news'] }])
      expect(await here.mail.deadLetters(blue)).toMatchObject([{ to: to(ann, blue), reason: 'gone' }])
    })

    it('still waits after all have closed the store, with the subscriptions and the dead ones', async () => {
      await here.mail.subscribe(to(), 'news')
      await here.mail.send(to(ann), say('dead'))
      await here.mail.remove(to(ann))
      await sendAll('taken', 'acknowledged')
      const reader = await here.mail.open(to())
      await taken(reader)
      await here.mail.acknowledge(await taken(reader))
      await there.mail.publish(red, 'news', say('news'))
      await Promise.all([here.close(), there.close()])
      const again = await open()
      expect(await again.mail.deadLetters(red)).toMatchObject([{ body: 'dead', reason: 'gone' }])
      expect(await again.mail.mailboxes(red)).toMatchObject([{ agent: bob, waiting: 1, taken: 1 }])
      const letters = await takeAll(await again.mail.open(to()))
      expect(letters.map(({ body, delivery }) => [body, delivery])).toEqual([
        ['taken', 2],
        ['news', 1],
      ])
    })

    it('ends whoever waits for it when the store is closed, and refuses whoever comes', async () => {
      const reader = await here.mail.open(to())
      const waits = reader.arrivals(0, stop.signal)[Symbol.asyncIterator]().next()
      const ended = expect(waits).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      await here.close()
      await ended
      await expect(reader.take()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      await expect(here.mail.send(to(), say(1))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    })
  })
}
