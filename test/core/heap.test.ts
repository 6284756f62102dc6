// The rule: whatever is pushed and popped in whatever order, each pop takes a smallest item out.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BinaryHeap } from '../../src/core/index.ts'

test('agrees with a sorted list over any sequence of pushes and pops', () => {
  const operation = fc.oneof(fc.integer({ min: -50, max: 50 }), fc.constant('pop' as const))
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 300 }), (operations) => {
      const heap = new BinaryHeap<number>((a, b) => a < b)
      const model: number[] = []
      for (const step of operations) {
        if (step === 'pop') {
          expect(heap.pop()).toBe(model.shift())
        } else {
          heap.push(step)
          model.push(step)
          model.sort((a, b) => a - b)
        }
        expect(heap.peek()).toBe(model[0])
        expect(heap.size).toBe(model.length)
      }
    }),
  )
})
