// The rule: as many calls are under way as the upstream bears, over all who call it; nobody who waits is forgotten.
import { describe, expect, test } from 'vitest'
import { meshSwarmError, VirtualClock } from '../../src/core/index.ts'
import { AdaptiveLimit } from '../../src/engine/adaptive-limit.ts'
import { Upstreams } from '../../src/engine/upstreams.ts'

const never = new AbortController().signal

interface Server {
  /** Calls at a time that it takes; it refuses the others. */
  bears: number
  /** Of a call, in ms. */
  latency: number
  readonly retryAfterMs?: number
}

/** A server, and callers who call it again and again, as many at a time as there are. */
function setUp(server: Server, callers: number) {
  const clock = new VirtualClock({ startAt: 1_000_000 })
  const limit = new AdaptiveLimit({ clock })
  const seen = { served: 0, refused: 0, most: 0 }
  let underWay = 0
  const call = async () => {
    if (underWay >= server.bears) {
      seen.refused += 1
      const { retryAfterMs } = server
      await clock.sleep(1)
      throw meshSwarmError('RATE_LIMITED', 'too many', { retryAfterMs })
    }
    underWay += 1
    seen.most = Math.max(seen.most, underWay)
    await clock.sleep(server.latency)
    underWay -= 1
    seen.served += 1
  }
  const stop = new AbortController()
  const caller = async () => {
    while (!stop.signal.aborted) await limit.run(call, stop.signal).catch(() => clock.sleep(1))
  }
  const all = Array.from({ length: callers }, caller)
  const end = async () => {
    stop.abort()
    await clock.advance(100_000)
    await Promise.all(all)
  }
  return { clock, limit, seen, server, end, underWay: () => underWay }
}

describe('refusals', () => {
  test.each([3, 20, 60])(
    'of a server that bears %d calls become rare, and it has enough to do',
    async (bears) => {
      const { clock, limit, seen, end } = setUp({ bears, latency: 20 }, 100)
      await clock.advance(10_000)
      Object.assign(seen, { served: 0, refused: 0 })
      await clock.advance(10_000)
      // Of a sawtooth between w/2 and w, one call of 3/8 w² is refused.
      expect(seen.refused / seen.served).toBeLessThan(1.5 / ((3 / 8) * (bears + 1) ** 2))
      // Of what it could serve at most.
      expect(seen.served).toBeGreaterThan(((bears * 10_000) / 20) * 0.6)
      expect(limit.limit).toBeLessThanOrEqual(bears + 1)
      await end()
    },
  )

  test('that name a time are heeded: nobody calls before it', async () => {
    const { clock, seen, server, end } = setUp({ bears: 5, latency: 20, retryAfterMs: 500 }, 50)
    await clock.advance(10)
    expect(seen.refused).toBe(5)
    server.bears = 100
    const before = seen.refused + seen.most
    await clock.advance(480)
    expect(seen.refused + seen.most).toBe(before)
    await clock.advance(100)
    expect(seen.served).toBeGreaterThan(5)
    await end()
  })

  test('of one round halve the limit once', async () => {
    const { clock, limit, end } = setUp({ bears: 0, latency: 20 }, 10)
    const before = limit.limit
    await clock.advance(1)
    expect(limit.limit).toBe(before / 2)
    await end()
  })
})

test('a server that becomes slow gets fewer calls, and more again when it has recovered', async () => {
  const { clock, limit, server, end } = setUp({ bears: 1000, latency: 10 }, 100)
  await clock.advance(20_000)
  expect(limit.limit).toBe(100)
  server.latency = 60
  await clock.advance(500)
  const slow = limit.limit
  expect(slow).toBeLessThan(50)
  server.latency = 10
  await clock.advance(5000)
  expect(limit.limit).toBeGreaterThan(slow * 1.5)
  await end()
})

test('a limit that nobody reaches does not grow', async () => {
  const { clock, limit, end } = setUp({ bears: 1000, latency: 10 }, 4)
  await clock.advance(20_000)
  expect(limit.limit).toBe(10)
  await end()
})

/** A limit of one, who has it, and two who wait. */
async function queue() {
  const clock = new VirtualClock({ startAt: 1_000_000 })
  const limit = new AdaptiveLimit({ clock }, { initial: 1 })
  const first = await limit.enter(never)
  const giveUp = new AbortController()
  const second = limit.enter(giveUp.signal)
  const third = limit.enter(never)
  return { limit, first, giveUp, second, third }
}

test('who gives up while waiting is not called, and holds no place', async () => {
  const { limit, first, giveUp, second, third } = await queue()
  giveUp.abort()
  await expect(second).rejects.toMatchObject({ code: 'CANCELLED' })
  first.end()
  const last = await third
  expect([limit.underWay, limit.waiting]).toEqual([1, 0])
  last.end()
  expect(limit.underWay).toBe(0)
})

test('who gives up in the moment in which it is his turn passes it on', async () => {
  const { limit, first, giveUp, second, third } = await queue()
  first.end()
  giveUp.abort()
  await expect(second).rejects.toMatchObject({ code: 'CANCELLED' })
  const last = await third
  last.end()
  expect(limit.underWay).toBe(0)
})

test('all who call the same upstream share a limit', () => {
  const upstreams = new Upstreams({ clock: new VirtualClock() })
  expect(upstreams.limit('model')).toBe(upstreams.limit('model'))
  expect(upstreams.limit('model')).not.toBe(upstreams.limit('search'))
})
