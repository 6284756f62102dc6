// The rule: virtual time jumps from event to event in one fixed order, whatever the machine does meanwhile.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AttachedProcess, meshSwarmError, VirtualClock } from '../../src/core/index.ts'

/** A simulator whose events are times; it stops early at those that are visible from outside. */
class Simulator implements AttachedProcess {
  readonly done: number[] = []
  readonly #events: number[]
  readonly #onEvent: (at: number) => boolean

  constructor(events: readonly number[], onEvent: (at: number) => boolean = () => false) {
    this.#events = events.toSorted((a, b) => a - b)
    this.#onEvent = onEvent
  }

  nextEventAt(): number {
    return this.#events[0] ?? Number.POSITIVE_INFINITY
  }

  advanceTo(t: number): number | undefined {
    while (this.nextEventAt() <= t) {
      const at = this.#events.shift() ?? 0
      this.done.push(at)
      if (this.#onEvent(at)) return at
    }
    return undefined
  }
}

describe('timers', () => {
  test('fire in the order of their times, and of their setting where those are equal', async () => {
    const waits = fc.array(fc.nat(20), { maxLength: 50 })
    await fc.assert(
      fc.asyncProperty(waits, async (list) => {
        const clock = new VirtualClock({ startAt: 1000 })
        const fired: { at: number; index: number }[] = []
        for (const [index, ms] of list.entries())
          clock.after(ms, () => fired.push({ at: clock.now(), index }))
        await clock.advance(20)
        const expected = list.map((ms, index) => ({ at: 1000 + ms, index })).sort((a, b) => a.at - b.at)
        expect(fired).toEqual(expected)
        expect(clock.now()).toBe(1020)
      }),
    )
  })

  test('a program with real delays of the machine repeats exactly', async () => {
    const story = async () => {
      const clock = new VirtualClock()
      const log: string[] = []
      const agent = async (name: string, period: number) => {
        for (let i = 0; i < 5; i++) {
          await clock.sleep(period)
          await clock.hold(new Promise((resolve) => setTimeout(resolve, Math.random() * 3)))
          log.push(`${name}@${clock.now()}`)
        }
      }
      await clock.runUntil(Promise.all([agent('a', 30), agent('b', 20), agent('c', 30)]))
      return log
    }
    const first = await story()
    // Who holds the clock at the same instant ends in the order of real time; the instants never differ.
    expect((await story()).toSorted()).toEqual(first.toSorted())
    expect(first.at(-1)).toMatch(/@150$/)
  })

  test('everything that follows from a timer has settled before the next one fires', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    clock.after(1, async () => {
      for (let i = 0; i < 100; i++) await Promise.resolve()
      log.push('first')
    })
    clock.after(1, () => log.push('second'))
    await clock.advance(1)
    expect(log).toEqual(['first', 'second'])
  })

  test('a cancelled one does not fire, and a second cancel does nothing', async () => {
    const clock = new VirtualClock()
    let fired = 0
    const cancel = clock.after(5, () => fired++)
    clock.after(4, cancel)
    await clock.advance(10)
    cancel()
    expect(fired).toBe(0)
  })

  test('one that throws rejects the run, and the clock can go on', async () => {
    const clock = new VirtualClock()
    const log: number[] = []
    clock.after(1, () => {
      throw meshSwarmError('CONFLICT', 'planted')
    })
    clock.after(2, () => log.push(clock.now()))
    await expect(clock.advance(5)).rejects.toThrow('planted')
    await clock.advance(5)
    expect(log).toEqual([2])
  })

  test('NaN is no wait', () => {
    expect(() => new VirtualClock().after(Number.NaN, () => {})).toThrow('NaN')
  })
})

describe('runUntil', () => {
  test('gives the value at the time at which the promise settles', async () => {
    const clock = new VirtualClock()
    clock.after(50, () => {})
    await expect(clock.runUntil(clock.sleep(20).then(() => 'done'))).resolves.toBe('done')
    expect(clock.now()).toBe(20)
  })

  test('rejects like the promise', async () => {
    const clock = new VirtualClock()
    const failing = clock.sleep(1).then(() => Promise.reject(new Error('planted')))
    await expect(clock.runUntil(failing)).rejects.toThrow('planted')
  })

  test('says INVARIANT when nothing is due and the promise hangs', async () => {
    const clock = new VirtualClock()
    clock.after(3, () => {})
    await expect(clock.runUntil(new Promise(() => {}))).rejects.toMatchObject({ code: 'INVARIANT' })
  })

  test('says TIMEOUT at the limit, however long timers go on', async () => {
    const clock = new VirtualClock()
    const tick = () => clock.after(1, tick)
    tick()
    const waiting = clock.runUntil(new Promise(() => {}), { limitMs: 100 })
    await expect(waiting).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect(clock.now()).toBe(100)
  })

  test('a second run during a run is a CONFLICT and disturbs nothing', async () => {
    const clock = new VirtualClock()
    const first = clock.runUntil(clock.sleep(5))
    await expect(clock.advance(1)).rejects.toMatchObject({ code: 'CONFLICT' })
    await first
    expect(clock.now()).toBe(5)
  })

  test('a clock within a held piece of work runs while the outer one stands still', async () => {
    const outer = new VirtualClock()
    const twin = async () => {
      const inner = new VirtualClock({ startAt: outer.now() })
      await inner.runUntil(inner.sleep(1e6))
      return outer.now()
    }
    const work = outer.sleep(10).then(() => outer.hold(twin()))
    outer.after(11, () => {})
    await expect(outer.runUntil(work)).resolves.toBe(10)
  })
})

describe('an attached process', () => {
  test('has done every event up to a timer, in order, before the timer fires', async () => {
    const times = fc.array(fc.nat(100), { maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(times, times, times, async (timers, eventsA, eventsB) => {
        const clock = new VirtualClock()
        const log: number[] = []
        const note = (at: number) => log.push(at) < 0
        clock.attach(new Simulator(eventsA, note))
        clock.attach(new Simulator(eventsB, note))
        for (const at of timers) clock.after(at, () => log.push(at + 0.5))
        await clock.run(100)
        const expected = [...eventsA, ...eventsB, ...timers.map((at) => at + 0.5)].sort((a, b) => a - b)
        expect(log).toEqual(expected)
      }),
    )
  })

  test('that stops early is seen by the waiting at its own time', async () => {
    const clock = new VirtualClock()
    const probe = Promise.withResolvers<void>()
    clock.attach(
      new Simulator([10, 20, 30, 40], (at) => {
        if (at === 20) probe.resolve()
        return at === 20
      }),
    )
    const seen = probe.promise.then(() => clock.now())
    clock.after(35, () => {})
    await expect(clock.runUntil(seen)).resolves.toBe(20)
  })

  test('that stops early lets the timers set by then fire in their turn', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    const events = [10, 20, 30]
    const simulator = new Simulator(events, (at) => {
      log.push(`event ${at}`)
      if (at === 10) wake.resolve()
      return at === 10
    })
    const wake = Promise.withResolvers<void>()
    wake.promise.then(() => clock.after(5, () => log.push(`timer ${clock.now()}`)))
    clock.attach(simulator)
    await clock.run(100)
    expect(log).toEqual(['event 10', 'timer 15', 'event 20', 'event 30'])
  })

  test('goes on alone where no timer is set, and keeps runUntil from giving up', async () => {
    const clock = new VirtualClock()
    const probe = Promise.withResolvers<number>()
    const events = Array.from({ length: 50 }, (_, i) => i * 10)
    clock.attach(
      new Simulator(events, (at) => {
        if (at === 420) probe.resolve(at)
        return false
      }),
    )
    await expect(clock.runUntil(probe.promise, { limitMs: 1e6 })).resolves.toBe(420)
    expect(clock.now()).toBe(420)
  })

  test('is left alone after detaching', async () => {
    const clock = new VirtualClock()
    const simulator = new Simulator([10, 20])
    const detach = clock.attach(simulator)
    await clock.run(10)
    detach()
    await clock.run(100)
    expect(simulator.done).toEqual([10])
  })

  test('costs no flush for each event: a million in a second or so', async () => {
    const clock = new VirtualClock()
    let next = 0
    clock.attach({
      nextEventAt: () => next,
      advanceTo: (t) => {
        while (next <= t) next += 0.001
      },
    })
    clock.after(1000, () => {})
    const start = performance.now()
    await clock.run(1000)
    expect(performance.now() - start).toBeLessThan(5000)
    expect(next).toBeGreaterThan(1000)
  })
})
