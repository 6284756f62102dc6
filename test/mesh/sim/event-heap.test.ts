// The rule: events come out in the order of their times, and those of the same time in the order they went in.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EventHeap } from '../../../src/mesh/drivers/sim/event-heap.ts'

test('sorts like a stable sort', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
      const heap = new EventHeap(2)
      times.forEach((time, index) => {
        heap.push(time, 1, index, index + 7)
      })
      const out: { time: number; index: number }[] = []
      while (heap.pop()) {
        expect(heap.b).toBe(heap.a + 7)
        out.push({ time: heap.at, index: heap.a })
      }
      const sorted = times.map((time, index) => ({ time, index })).sort((x, y) => x.time - y.time)
      expect(out).toEqual(sorted)
    }),
  )
})

test('an empty heap gives nothing', () => {
  const heap = new EventHeap()
  expect(heap.pop()).toBe(false)
  expect(heap.peekAt()).toBe(Number.POSITIVE_INFINITY)
})
