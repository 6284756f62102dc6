import fc from 'fast-check'
import { expect, it } from 'vitest'
import { meshSwarmError, VirtualClock } from '../../src/core/index.ts'
import { FairQueue, PLACES_PER_PRIORITY } from '../../src/engine/fair-queue.ts'
import { Slot, slots, WorkerPool, type WorkRequest } from '../../src/engine/index.ts'
import { NEVER } from './support.ts'

it('holds 1 to 100 workers', () => {
  const clock = new VirtualClock()
  expect(new WorkerPool(slots(clock, 100)).workers).toHaveLength(100)
  for (const count of [0, 101]) {
    expect(() => new WorkerPool(slots(clock, count))).toThrow(
      expect.objectContaining({ code: 'SWARM_LIMIT_EXCEEDED' }),
    )
  }
})

it('serves first come, first served; one of higher priority overtakes a hundred and starves nobody', () => {
  const queue = new FairQueue<{ readonly name: string }>()
  for (let i = 0; i < 150; i++) queue.enter(undefined, 0, { name: `first ${i}` })
  queue.enter(undefined, 1, { name: 'urgent' })
  const served = Array.from({ length: 151 }, () => queue.take('any')?.name)
  expect(served.indexOf('urgent')).toBe(150 - (PLACES_PER_PRIORITY - 1))
  expect(served.filter((name) => name !== 'urgent')).toEqual(
    Array.from({ length: 150 }, (_, i) => `first ${i}`),
  )
})

it('a stream of urgent work delays other work by a bounded number of places', () => {
  const queue = new FairQueue<{ readonly urgent: boolean }>()
  queue.enter('a', 0, { urgent: false })
  let taken = 0
  for (;;) {
    queue.enter(undefined, 5, { urgent: true })
    taken++
    if (queue.take('a')?.urgent === false) break
    expect(taken).toBeLessThanOrEqual(5 * PLACES_PER_PRIORITY + 1)
  }
})

it('gives each task to a worker of its kind, to any where it has none of that kind, and to a flexible one', async () => {
  const clock = new VirtualClock()
  const worker = (id: string, kind: string) => new Slot({ clock }, { id, kind })
  const pool = new WorkerPool([worker('a1', 'a'), worker('a2', 'a'), worker('b', 'b')])
  const who = { run: (slot: Slot) => clock.sleep(10).then(() => slot.id) }
  const all = (...requests: readonly WorkRequest[]) =>
    clock.runUntil(Promise.all(requests.map((request) => pool.run(request, who, NEVER))))
  expect(await all({ kind: 'b' }, { kind: 'a' }, { kind: 'b' })).toEqual(['b', 'a1', 'b'])
  // The one that has been idle longest.
  expect(await all({ kind: 'unheard of' }, {}, {})).toEqual(['a2', 'a1', 'b'])
  expect(await all({ kind: 'b' }, { kind: 'b', flexible: true })).toEqual(['b', 'a2'])
})

it('a suspended worker gets nothing until it is resumed, and then what waits', async () => {
  const clock = new VirtualClock()
  const [only] = slots(clock, 1)
  const pool = new WorkerPool(only ? [only] : [])
  if (only) pool.suspend(only)
  let done = false
  const work = pool.run({}, { run: () => undefined }, NEVER).then(() => {
    done = true
  })
  await clock.advance(1000)
  expect([done, pool.waiting]).toEqual([false, 1])
  if (only) pool.resume(only)
  await work
  expect(done).toBe(true)
})

it('one that comes later takes what waits; one that is taken out ends its task first', async () => {
  const clock = new VirtualClock()
  const [first, second] = slots(clock, 2)
  if (!first || !second) throw new Error('two slots')
  const pool = new WorkerPool([first])
  const capacities: number[] = []
  const forget = pool.onCapacity(() => capacities.push(pool.capacity))
  const work = () => pool.run({}, { run: (slot: Slot) => clock.sleep(10).then(() => slot.id) }, NEVER)
  const tasks = [work(), work(), work()]
  pool.add(second)
  let gone = false
  const leaving = pool.remove(first).then(() => {
    gone = true
  })
  expect(pool.workers).toEqual([second])
  await clock.runUntil(clock.sleep(5))
  expect(gone).toBe(false)
  expect(await clock.runUntil(Promise.all(tasks))).toEqual(['slot-1', 'slot-2', 'slot-2'])
  await leaving
  forget()
  pool.suspend(second)
  expect(capacities).toEqual([2, 1])
  expect(() => pool.remove(second)).toThrow(expect.objectContaining({ code: 'SWARM_LIMIT_EXCEEDED' }))
})

it('what waits for a kind is done by any when the last one of that kind is taken out', async () => {
  const clock = new VirtualClock()
  const [a, b] = [new Slot({ clock }, { id: 'a', kind: 'a' }), new Slot({ clock }, { id: 'b', kind: 'b' })]
  const pool = new WorkerPool([a, b])
  const work = (kind: string) =>
    pool.run({ kind }, { run: (slot: Slot) => clock.sleep(10).then(() => slot.id) }, NEVER)
  const tasks = [work('a'), work('a'), work('a')]
  const leaving = pool.remove(a)
  expect(await clock.runUntil(Promise.all([...tasks, work('a')]))).toEqual(['a', 'b', 'b', 'b'])
  await leaving
})

it('one who is cancelled while waiting leaves the queue; a closed pool refuses all', async () => {
  const clock = new VirtualClock()
  const pool = new WorkerPool(slots(clock, 1))
  const sleep = { run: (_worker: Slot, signal: AbortSignal) => clock.sleep(100, signal) }
  const running = pool.run({}, sleep, NEVER)
  const controller = new AbortController()
  const cancelled = pool.run({}, sleep, controller.signal)
  const refused = pool.run({}, sleep, NEVER)
  controller.abort()
  await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' })
  pool.close(meshSwarmError('UNAVAILABLE', 'closed'))
  await expect(refused).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await expect(pool.run({}, sleep, NEVER)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await clock.runUntil(running)
})

it('never gives a worker two tasks at once and does them all, whoever is suspended and cancelled when', () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.array(
        fc.record({ at: fc.nat(50), ms: fc.nat(20), cancelAt: fc.option(fc.nat(80)), hold: fc.boolean() }),
        {
          maxLength: 40,
        },
      ),
      async (count, tasks) => {
        const clock = new VirtualClock()
        const workers = slots(clock, count)
        const pool = new WorkerPool(workers)
        const busy = new Set<string>()
        const outcomes = tasks.map(async ({ at, ms, cancelAt, hold }, i) => {
          const controller = new AbortController()
          if (cancelAt !== null) clock.after(cancelAt, () => controller.abort())
          await clock.sleep(at)
          const held = workers[i % count]
          if (hold && held) {
            pool.suspend(held)
            clock.after(ms, () => pool.resume(held))
          }
          const run = async (worker: Slot, signal: AbortSignal) => {
            expect(busy.has(worker.id)).toBe(false)
            busy.add(worker.id)
            await clock.sleep(ms, signal).finally(() => busy.delete(worker.id))
          }
          return pool.run({}, { run }, controller.signal)
        })
        const settled = await clock.runUntil(Promise.allSettled(outcomes))
        for (const outcome of settled) {
          if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'CANCELLED' })
        }
        expect(busy.size).toBe(0)
        expect([pool.free, pool.waiting]).toEqual([count, 0])
      },
    ),
    { numRuns: 60 },
  ))
