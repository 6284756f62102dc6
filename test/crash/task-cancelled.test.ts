// The rule: cancelling reaches every leaf, and nothing is left: no program, no timer, no socket.
import { expect, test } from 'vitest'
import { cancelTask } from '../../bench/engine/cancelled-task.ts'

test.for<[string, number, boolean]>([
  ['a hundred of them under way, each with a program, a timer and a connection', 100, true],
  ['all of them under way, each with a timer and a connection', 1500, false],
])('a task of 1500 steps, %s', { timeout: 110_000 }, async ([, agents, programs], context) => {
  context.skip(process.platform !== 'linux', 'needs /proc')
  const { outcome, underWay, open, programs: left } = await cancelTask(agents, programs)
  expect(outcome).toBe('cancelled')
  expect(underWay).toBe(agents)
  expect(open).toEqual([])
  expect(left).toEqual([])
})
