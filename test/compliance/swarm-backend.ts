import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Clock, type StepId, stepId, swarmId } from '../../src/core/index.ts'
import type { Json, Lease, SwarmBackend, WorkItem } from '../../src/engine/index.ts'
import { describeMail } from './mail.ts'

/** An empty store, which any number of processes may open. */
export interface BackendFixture {
  readonly clock: Clock
  /** One more handle to the same store, as another process would have it, with `SMALL_MAIL`. */
  open(): Promise<SwarmBackend>
  /** Removes the store. Every handle is closed by then. */
  remove(): Promise<void>
}

/** Long enough that it never runs out within a test. */
const LONG_MS = 600_000
const SHORT_MS = 40
const [red, blue] = [swarmId('red'), swarmId('blue')]
const steps = (count: number) => Array.from({ length: count }, (_, index) => stepId(`step-${index}`))

/** What every `SwarmBackend` promises, whatever is behind it. Each test has a store of its own. */
export function describeSwarmBackend(
  name: string,
  makeFixture: () => Promise<BackendFixture>,
  { skip }: { readonly skip?: string | undefined } = {},
): void {
  describeMail(name, makeFixture, { skip })
  describe(`swarm backend ${name}`, () => {
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
    const item = (step: string, more: Partial<WorkItem> = {}): WorkItem => ({
      ...{ swarm: red, step: stepId(step), queue: 'any', payload: { tool: 'probe', step } },
      ...more,
    })
    const lease = (backend: SwarmBackend, most = 1, leaseMs = LONG_MS) =>
      backend.work.lease({ queue: 'any', worker: 'w', most, leaseMs }, stop.signal)
    const leaseOne = async (backend: SwarmBackend, leaseMs = LONG_MS): Promise<Lease> => {
      const [only] = await lease(backend, 1, leaseMs)
      if (!only) throw new Error('a lease without an item')
      return only
    }
    /** Whether work comes within a moment. */
    const idle = async (backend: SwarmBackend) => {
      const enough = new AbortController()
      const asked = backend.work.lease(
        { queue: 'any', worker: 'w', most: 1, leaseMs: LONG_MS },
        enough.signal,
      )
      void fixture.clock.sleep(SHORT_MS).then(() => enough.abort())
      return asked.then(
        () => false,
        (error) => error.code === 'CANCELLED',
      )
    }
    const take = async <T>(source: AsyncIterable<T>, count: number): Promise<T[]> => {
      const taken: T[] = []
      if (count === 0) return taken
      for await (const one of source) if (taken.push(one) === count) break
      return taken
    }

    async function* flat<T>(lists: AsyncIterable<readonly T[]>): AsyncIterable<T> {
      for await (const list of lists) yield* list
    }

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

    describe('log', () => {
      it('gives back what was appended, in order, to everybody, each swarm by itself', async () => {
        expect(await here.log.append(red, 0, ['a', { b: [1, null, true] }])).toBe(2)
        expect(await there.log.append(red, 2, [3.5])).toBe(3)
        await there.log.append(blue, 0, ['other'])
        const entries = await here.log.read(red)
        expect(entries.map(({ event }) => event)).toEqual(['a', { b: [1, null, true] }, 3.5])
        expect(entries.map(({ version }) => version)).toEqual([1, 2, 3])
        expect(await there.log.read(red, 2)).toEqual([{ version: 3, event: 3.5 }])
        expect(await there.log.read(swarmId('nobody'))).toEqual([])
      })

      it.each([0, 1, 3])('refuses an append at version %i where the last one is 2, all of it', async (at) => {
        await here.log.append(red, 0, ['a', 'b'])
        await expect(there.log.append(red, at, ['c', 'd'])).rejects.toMatchObject({ code: 'CONFLICT' })
        expect(await here.log.read(red)).toHaveLength(2)
      })

      it('lets one of many win that append at the same version, and loses nothing of those who try again', async () => {
        const appendAll = async (backend: SwarmBackend, mine: string) => {
          for (let round = 0; round < 20; ) {
            const version = (await backend.log.read(red)).length
            const won = await backend.log.append(red, version, [`${mine}-${round}`]).then(
              () => true,
              () => false,
            )
            if (won) round += 1
          }
        }
        await Promise.all([appendAll(here, 'a'), appendAll(there, 'b'), appendAll(there, 'c')])
        const events = (await here.log.read(red)).map(({ event }) => event)
        expect(new Set(events).size).toBe(60)
        for (const mine of ['a', 'b', 'c']) {
          const own = events.filter((event) => String(event).startsWith(mine))
          expect(own).toEqual(Array.from({ length: 20 }, (_, round) => `${mine}-${round}`))
        }
      })

      it('is followed from any place, through what is there to what comes, whoever appends it', async () => {
        await here.log.append(red, 0, ['a', 'b'])
        const following = take(flat(there.log.follow(red, 1, stop.signal)), 4)
        await here.log.append(red, 2, ['c'])
        await here.log.append(blue, 0, ['other'])
        await there.log.append(red, 3, ['d', 'e'])
        expect((await following).map(({ event }) => event)).toEqual(['b', 'c', 'd', 'e'])
      })

      it('ends its followers with CANCELLED', async () => {
        const following = take(flat(here.log.follow(red, 0, stop.signal)), 1)
        stop.abort()
        await expect(following).rejects.toMatchObject({ code: 'CANCELLED' })
      })
    })

    describe('work', () => {
      it('comes first come, first served, with what the worker needs to know', async () => {
        await here.work.offer([item('a'), item('b')])
        await there.work.offer([item('c')])
        const leases = await lease(there, 10)
        expect(leases.map(({ step }) => step)).toEqual(['a', 'b', 'c'])
        expect(leases[0]).toMatchObject({ swarm: red, attempt: 1, payload: { tool: 'probe', step: 'a' } })
      })

      it('of a higher priority overtakes, but starves nobody', async () => {
        await here.work.offer([item('old'), item('urgent', { priority: 1 })])
        await here.work.offer(steps(150).map((step) => item(step, { priority: 1 })))
        const order = (await lease(here, 200)).map(({ step }) => step as string)
        expect(order[0]).toBe('urgent')
        const place = order.indexOf('old')
        expect(place).toBeGreaterThan(50)
        expect(place).toBeLessThan(100)
      })

      it('goes to workers of its queue only', async () => {
        await here.work.offer([item('a', { queue: 'gpu' }), item('b')])
        expect((await lease(here, 10)).map(({ step }) => step)).toEqual(['b'])
        expect(await idle(there)).toBe(true)
      })

      it('is with one worker at a time, however many ask', async () => {
        await here.work.offer(steps(200).map((step) => item(step)))
        const third = await open()
        const taken: StepId[] = []
        const work = async (backend: SwarmBackend) => {
          for (let round = 0; round < 10; round++)
            taken.push(...(await lease(backend, 5)).map(({ step }) => step))
        }
        await Promise.all([here, there, third, third].map(work))
        expect(taken).toHaveLength(200)
        expect(new Set(taken).size).toBe(200)
      })

      it('is waited for', async () => {
        const waiting = lease(there)
        await here.work.offer([item('a')])
        expect((await waiting).map(({ step }) => step)).toEqual(['a'])
      })

      it('is there once, however often it is offered', async () => {
        await here.work.offer([item('a'), item('a')])
        await there.work.offer([item('a')])
        const only = await leaseOne(here)
        await here.work.offer([item('a')])
        expect(await idle(there)).toBe(true)
        expect(await there.work.done(only)).toBe(true)
      })

      it('is not offered any more once it has a result', async () => {
        await here.results.put(red, stepId('a'), 'done')
        await there.work.offer([item('a'), item('b')])
        expect((await lease(here, 10)).map(({ step }) => step)).toEqual(['b'])
      })

      it('comes back when its worker is silent, as another attempt', async () => {
        await here.work.offer([item('a')])
        expect((await leaseOne(here, SHORT_MS)).attempt).toBe(1)
        expect(await leaseOne(there)).toMatchObject({ step: 'a', attempt: 2 })
      })

      it('stays with a worker that extends its lease', async () => {
        await here.work.offer([item('a')])
        const first = await leaseOne(here, LONG_MS / 2)
        const longer = await here.work.extend(first, LONG_MS)
        expect(longer.until).toBeGreaterThan(first.until)
        expect(await idle(there)).toBe(true)
      })

      it('is lost for good to the worker that was silent', async () => {
        await here.work.offer([item('a')])
        const lost = await leaseOne(here, 1)
        const now = await leaseOne(there)
        await expect(here.work.extend(lost, LONG_MS)).rejects.toMatchObject({ code: 'CONFLICT' })
        expect(await here.work.release(lost)).toBe(false)
        expect(await here.work.done(lost)).toBe(false)
        expect(await there.work.done(now)).toBe(true)
      })

      it('that is given back goes to the next one, not before its time', async () => {
        await here.work.offer([item('a'), item('later', { notBefore: fixture.clock.now() + LONG_MS })])
        const given = await leaseOne(here)
        const notBefore = fixture.clock.now() + SHORT_MS
        expect(await here.work.release(given, notBefore)).toBe(true)
        const again = await leaseOne(there)
        expect(again).toMatchObject({ step: 'a', attempt: 2 })
        expect(fixture.clock.now()).toBeGreaterThanOrEqual(notBefore)
        expect(await idle(there)).toBe(true)
      })

      it('of a withdrawn swarm is gone, leased or not, and that of others is not', async () => {
        await here.work.offer([item('a'), item('b'), item('c', { swarm: blue })])
        const leased = await leaseOne(there)
        await here.work.withdraw(red)
        await expect(there.work.extend(leased, LONG_MS)).rejects.toMatchObject({ code: 'CONFLICT' })
        expect(await lease(there, 10)).toMatchObject([{ swarm: blue, step: 'c' }])
      })
    })

    describe('results', () => {
      it('keep the first one, whoever brings it', async () => {
        const puts = [here, there, here, there].map((backend, index) =>
          backend.results.put(red, stepId('a'), { by: index }),
        )
        const outcomes = await Promise.all(puts)
        expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(1)
        const winner = { by: outcomes.indexOf('stored') }
        expect(await here.results.get(red, stepId('a'))).toEqual(winner)
        expect(await there.results.put(red, stepId('a'), 'late')).toBe('duplicate')
        expect(await there.results.get(red, stepId('a'))).toEqual(winner)
      })

      it('are unknown until there is one', async () => {
        await here.results.put(blue, stepId('a'), null)
        expect(await here.results.get(red, stepId('a'))).toBeUndefined()
        expect(await here.results.get(blue, stepId('a'))).toBeNull()
      })

      it('are followed in the order in which they were stored, each once', async () => {
        await here.results.put(red, stepId('before'), 0)
        const following = take(flat(there.results.follow(red, 0, stop.signal)), 101)
        await Promise.all(
          steps(100).map((step, index) => (index % 2 ? here : there).results.put(red, step, index)),
        )
        const seen = await following
        expect(seen[0]).toMatchObject({ step: 'before', result: 0 })
        expect(new Set(seen.map(({ step }) => step)).size).toBe(101)
        expect(await here.results.read(red)).toEqual(seen)
        const half = seen[50]?.seq ?? 0
        expect(await here.results.read(red, half)).toEqual(seen.slice(51))
      })
    })

    describe('kv', () => {
      it('gives everybody what was last put, under a new revision each time', async () => {
        expect(await here.kv.get('a')).toBeUndefined()
        const first = await here.kv.put('a', 1)
        const second = await there.kv.put('a', { b: 2 })
        expect(second).toBeGreaterThan(first)
        expect(await here.kv.get('a')).toEqual({ key: 'a', value: { b: 2 }, revision: second })
      })

      it('lets one of many set a value at the same revision', async () => {
        const race = async (revision: number) => {
          const tries = [here, there, here, there].map((backend, index) =>
            backend.kv.compareAndSet('a', revision, index),
          )
          const settled = await Promise.allSettled(tries)
          const won = settled.filter((one) => one.status === 'fulfilled')
          for (const one of settled)
            if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'CONFLICT' })
          expect(won).toHaveLength(1)
          return won[0]?.value ?? 0
        }
        const created = await race(0)
        const changed = await race(created)
        expect((await here.kv.get('a'))?.revision).toBe(changed)
      })

      it('deletes at a revision or whatever it is, and then it can be made anew', async () => {
        const revision = await here.kv.put('a', 1)
        expect(await there.kv.delete('a', revision + 1)).toBe(false)
        expect(await there.kv.delete('a', revision)).toBe(true)
        expect(await here.kv.get('a')).toBeUndefined()
        expect(await here.kv.delete('a')).toBe(false)
        await expect(here.kv.compareAndSet('a', revision, 2)).rejects.toMatchObject({ code: 'CONFLICT' })
        expect(await here.kv.compareAndSet('a', 0, 3)).toBeGreaterThan(revision)
        expect(await there.kv.delete('a')).toBe(true)
      })

      it('forgets an entry after its time, for everybody and every call', async () => {
        const revision = await here.kv.put('a', 1, { ttlMs: SHORT_MS })
        await here.kv.put('kept', 1, { ttlMs: LONG_MS })
        expect((await there.kv.get('a'))?.value).toBe(1)
        await fixture.clock.sleep(SHORT_MS * 2)
        expect(await there.kv.get('a')).toBeUndefined()
        await expect(there.kv.compareAndSet('a', revision, 2)).rejects.toMatchObject({ code: 'CONFLICT' })
        expect(await there.kv.delete('a')).toBe(false)
        await there.kv.compareAndSet('a', 0, 2)
        expect((await here.kv.get('a'))?.value).toBe(2)
        expect((await here.kv.get('kept'))?.value).toBe(1)
      })

      it('keeps an entry that is written again in time', async () => {
        // Time enough for a busy machine to write it again.
        const ttlMs = SHORT_MS * 20
        const revision = await here.kv.put('a', 1, { ttlMs })
        await here.kv.compareAndSet('a', revision, 2, { ttlMs: LONG_MS })
        await fixture.clock.sleep(ttlMs + SHORT_MS)
        expect((await there.kv.get('a'))?.value).toBe(2)
      })

      it('tells those who watch a prefix what is there, what changes, what goes and what expires', async () => {
        await here.kv.put('node/1', 'old')
        await here.kv.put('other', 'x')
        const seen: [string, Json | undefined][] = []
        const watching = there.kv.watch('node/', stop.signal)[Symbol.asyncIterator]()
        const next = async () => {
          const { value } = await watching.next()
          seen.push([value.key, value.value])
        }
        await next()
        const changes = [
          () => here.kv.put('node/1', 'new'),
          () => here.kv.put('other', 'y'),
          () => there.kv.put('node/2', 'brief', { ttlMs: SHORT_MS }),
          () => here.kv.delete('node/1'),
        ]
        for (const [index, change] of changes.entries()) {
          await change()
          if (index !== 1) await next()
        }
        await next()
        expect(seen.slice(0, 3)).toEqual([
          ['node/1', 'old'],
          ['node/1', 'new'],
          ['node/2', 'brief'],
        ])
        expect(seen.slice(3).toSorted()).toEqual([
          ['node/1', undefined],
          ['node/2', undefined],
        ])
      })
    })

    describe('bus', () => {
      it('carries messages to everybody who listens, in the order of the sender', async () => {
        const listeners = [here, there].map((backend) => take(backend.bus.subscribe('a.b', stop.signal), 20))
        for (let n = 0; n < 20; n++) void here.bus.publish('a.b', n)
        for (const listener of listeners)
          expect((await listener).map(({ body }) => body)).toEqual([...Array(20).keys()])
      })

      it.each([
        ['a.*', ['a.b', 'a.c']],
        ['a.>', ['a.b', 'a.b.c', 'a.c']],
        ['*.b', ['a.b', 'd.b']],
        ['>', ['a', 'a.b', 'a.b.c', 'd.b', 'a.c']],
      ])('understands %s', async (pattern, heard) => {
        const listening = take(there.bus.subscribe(pattern, stop.signal), heard.length)
        for (const subject of ['a', 'a.b', 'a.b.c', 'd.b', 'a.c']) await here.bus.publish(subject, null)
        expect((await listening).map(({ subject }) => subject)).toEqual(heard)
      })

      it.each(['', 'a..b', 'a b', '.a', 'a.', '>.a'])('refuses the subject %j', async (subject) => {
        expect(() => here.bus.subscribe(subject, stop.signal)).toThrow(/subject/)
        await expect(here.bus.publish(subject, 1)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
      })

      it('brings an answer back, each to the one who asked', async () => {
        void (async () => {
          for await (const message of there.bus.subscribe('double', stop.signal))
            await message.reply(Number(message.body) * 2)
        })().catch(() => undefined)
        const answers = [1, 2, 3].map((n) => here.bus.request('double', n, LONG_MS, stop.signal))
        expect(await Promise.all(answers)).toEqual([2, 4, 6])
      })

      it('says TIMEOUT where nobody answers, and CANCELLED where nobody waits any more', async () => {
        const late = here.bus.request('nobody', 1, 5, stop.signal)
        await expect(late).rejects.toMatchObject({ code: 'TIMEOUT' })
        const given = here.bus.request('nobody', 1, LONG_MS, stop.signal)
        stop.abort()
        await expect(given).rejects.toMatchObject({ code: 'CANCELLED' })
      })

      it('brings nothing that was said before', async () => {
        await here.bus.publish('a', 'before')
        const later = await open()
        const listening = take(later.bus.subscribe('a', stop.signal), 1)
        await here.bus.publish('a', 'after')
        expect((await listening).map(({ body }) => body)).toEqual(['after'])
      })
    })

    describe('blobs', () => {
      const text = JSON.stringify('ä€😀'.repeat(30_000))

      it('are called by their hash, the same from everywhere, each swarm by itself', async () => {
        const hash = createHash('sha256').update(text).digest('hex')
        const puts = await Promise.all([here.blobs.put(red, text), there.blobs.put(red, text)])
        expect([...puts, await there.blobs.put(red, text)]).toEqual([hash, hash, hash])
        expect(await here.blobs.get(red, hash)).toBe(text)
        expect(await there.blobs.get(red, hash)).toBe(text)
        await expect(here.blobs.get(blue, hash)).rejects.toMatchObject({ code: 'INVARIANT' })
        await expect(here.blobs.get(red, 'f'.repeat(64))).rejects.toMatchObject({ code: 'INVARIANT' })
      })

      it('are forgotten with their swarm', async () => {
        const hash = await here.blobs.put(red, text)
        await here.blobs.put(blue, text)
        await here.forget(red)
        await expect(there.blobs.get(red, hash)).rejects.toMatchObject({ code: 'INVARIANT' })
        expect(await there.blobs.get(blue, hash)).toBe(text)
      })
    })

    it('lists the swarms, the oldest first, and forgets what is to be forgotten', async () => {
      for (const swarm of [red, blue]) {
        await here.log.append(swarm, 0, ['a'])
        await here.log.append(swarm, 1, ['b'])
        await here.results.put(swarm, stepId('a'), 1)
        await here.work.offer([item('b', { swarm })])
      }
      expect(await there.log.swarms()).toEqual([red, blue])
      await there.forget(red)
      await there.forget(red)
      expect(await here.log.swarms()).toEqual([blue])
      expect(await here.log.read(red)).toEqual([])
      expect(await here.results.get(red, stepId('a'))).toBeUndefined()
      expect(await here.results.get(blue, stepId('a'))).toBe(1)
      expect(await lease(here, 10)).toMatchObject([{ swarm: blue, step: 'b' }])
      expect(await here.log.append(red, 0, ['anew'])).toBe(1)
      expect(await here.log.swarms()).toEqual([blue, red])
    })

    it('still has everything after all have closed it', async () => {
      await here.log.append(red, 0, ['a'])
      await here.work.offer([item('a'), item('b')])
      await here.work.done(await leaseOne(here))
      await here.results.put(red, stepId('a'), 1)
      const revision = await there.kv.put('key', 2)
      const hash = await there.blobs.put(red, 'large')
      await Promise.all([here.close(), there.close()])
      const again = await open()
      expect(await again.log.read(red)).toEqual([{ version: 1, event: 'a' }])
      expect(await again.results.get(red, stepId('a'))).toBe(1)
      expect(await again.kv.get('key')).toEqual({ key: 'key', value: 2, revision })
      expect(await again.blobs.get(red, hash)).toBe('large')
      expect((await lease(again, 10)).map(({ step }) => step)).toEqual(['b'])
    })

    it('ends whoever waits when it is closed, and refuses whoever comes', async () => {
      const waits = [
        take(flat(here.log.follow(red, 0, stop.signal)), 1),
        take(flat(here.results.follow(red, 0, stop.signal)), 1),
        take(here.kv.watch('', stop.signal), 1),
        take(here.bus.subscribe('a', stop.signal), 1),
        lease(here),
      ]
      const ends = waits.map((wait) => expect(wait).rejects.toMatchObject({ code: 'UNAVAILABLE' }))
      await here.log.read(red)
      const closing = here.close()
      expect(here.close()).toBe(closing)
      await closing
      await Promise.all(ends)
      await expect(here.log.append(red, 0, ['a'])).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      await expect(here.kv.get('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    })
  })
}
