// The rule: a channel hands over every value in order, or throws away by its stated policy, and ends for everyone.
import { describe, expect, test } from 'vitest'
import { Channel } from '../../src/core/index.ts'

async function readAll<T>(channel: Channel<T>): Promise<T[]> {
  const values: T[] = []
  for await (const value of channel) values.push(value)
  return values
}

describe('order and overflow', () => {
  test('values come in order, before and after the reader came', async () => {
    const channel = new Channel<number>({ capacity: 10, overflow: 'fail' })
    channel.push(1)
    const reading = readAll(channel)
    await Promise.resolve()
    channel.push(2)
    channel.push(3)
    channel.close()
    expect(await reading).toEqual([1, 2, 3])
  })

  test('drop-oldest keeps the newest and counts the others', async () => {
    const channel = new Channel<number>({ capacity: 2, overflow: 'drop-oldest' })
    for (const value of [1, 2, 3, 4]) channel.push(value)
    channel.close()
    expect([channel.dropped, channel.size]).toEqual([2, 2])
    expect(await readAll(channel)).toEqual([3, 4])
  })

  test('fail refuses the new value and keeps the old ones', async () => {
    const channel = new Channel<number>({ capacity: 1, overflow: 'fail' })
    channel.push(1)
    expect(() => channel.push(2)).toThrow('full')
    channel.close()
    expect(await readAll(channel)).toEqual([1])
  })

  test('a channel that holds nothing is refused', () => {
    expect(() => new Channel({ capacity: 0, overflow: 'fail' })).toThrow('one value')
  })
})

describe('the end', () => {
  test('an error comes after the values that wait', async () => {
    const channel = new Channel<number>({ capacity: 2, overflow: 'fail' })
    channel.push(1)
    channel.fail(new Error('planted'))
    expect(await channel.next()).toEqual({ done: false, value: 1 })
    await expect(channel.next()).rejects.toThrow('planted')
  })

  test('every waiting reader hears of it, the producer once, and pushes are ignored', async () => {
    let ends = 0
    const channel = new Channel<number>({ capacity: 2, overflow: 'fail', onEnd: () => ends++ })
    const readers = [channel.next(), channel.next()]
    channel.close()
    channel.close()
    channel.fail(new Error('too late'))
    expect(await Promise.all(readers)).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ])
    expect([ends, channel.push(1), channel.ended]).toEqual([1, false, true])
  })

  test('leaving the loop stops the producer', async () => {
    let ended = false
    const onEnd = () => {
      ended = true
    }
    const channel = new Channel<number>({ capacity: 2, overflow: 'fail', onEnd })
    channel.push(1)
    for await (const value of channel) {
      expect(value).toBe(1)
      break
    }
    expect(ended).toBe(true)
  })

  test("an abort of the channel's signal ends it with CANCELLED", async () => {
    const controller = new AbortController()
    const channel = new Channel<number>({ capacity: 2, overflow: 'fail', signal: controller.signal })
    const reading = channel.next()
    controller.abort()
    await expect(reading).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect(readAll(channel)).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  test('an aborted read loses no value', async () => {
    const controller = new AbortController()
    const channel = new Channel<number>({ capacity: 2, overflow: 'fail' })
    const aborted = channel.next(controller.signal)
    const patient = channel.next()
    controller.abort()
    await expect(aborted).rejects.toMatchObject({ code: 'CANCELLED' })
    channel.push(1)
    expect(await patient).toEqual({ done: false, value: 1 })
  })
})
