import { expect, it } from 'vitest'
import { agentId } from '../../src/core/index.ts'
import { LetterQueue } from '../../src/swarm/letter-queue.ts'

const letter = (body: number) => ({
  ...{ from: agentId('ann'), topic: undefined, at: 0, body },
  ...{ endsAt: Number.POSITIVE_INFINITY, answer: undefined },
})

it('has one mark for durable letters in a row, which never goes back', () => {
  const queue = new LetterQueue()
  queue.push(letter(1))
  for (const id of [7, 9, 8]) queue.mark(id)
  queue.push(letter(2))
  queue.mark(3)
  const entries: unknown[] = []
  for (let { first } = queue; first; { first } = queue) {
    entries.push('upTo' in first ? first.upTo : first.body)
    queue.remove(first)
  }
  expect(entries).toEqual([1, 9, 2, 3])
})
