// The rule: a sleep ends at its time or, when its signal aborts, at once with CANCELLED; it leaves nothing behind.
import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { type Clock, RealClock, VirtualClock } from '../../src/core/index.ts'

const virtual = new VirtualClock()
const clocks: [string, Clock, <T>(work: Promise<T>) => Promise<T>][] = [
  ['RealClock', new RealClock(), (work) => work],
  ['VirtualClock', virtual, (work) => virtual.runUntil(work)],
]

describe.each(clocks)('%s', (_name, clock, finish) => {
  test('sleeps as long as it was told, and not at all for a negative time', async () => {
    const start = clock.now()
    await finish(clock.sleep(20))
    expect(clock.now() - start).toBeGreaterThanOrEqual(19)
    await finish(clock.sleep(-1e9))
    expect(clock.now() - start).toBeLessThan(5000)
  })

  test('an abort ends a sleep with CANCELLED, its reason as the cause', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    clock.after(5, () => controller.abort(reason))
    const start = clock.now()
    const sleeping = finish(clock.sleep(60_000, controller.signal))
    await expect(sleeping).rejects.toMatchObject({ code: 'CANCELLED', cause: reason })
    expect(clock.now() - start).toBeLessThan(5000)
  })

  test('an aborted signal stops a sleep before it begins', async () => {
    await expect(finish(clock.sleep(60_000, AbortSignal.abort()))).rejects.toMatchObject({
      code: 'CANCELLED',
    })
  })

  test('a sleep that ended listens to its signal no longer', async () => {
    const controller = new AbortController()
    const sleeping = clock.sleep(1, controller.signal)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1)
    await finish(sleeping)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  })
})

test('a real timer beyond the longest that Node knows waits, and does not fire at once', async () => {
  const clock = new RealClock()
  let fired = false
  const cancel = clock.after(2 ** 31 + 1000, () => {
    fired = true
  })
  await clock.sleep(20)
  cancel()
  expect(fired).toBe(false)
})

test('the real clock says the time of day', () => {
  expect(Math.abs(new RealClock().now() - Date.now())).toBeLessThan(60_000)
})
