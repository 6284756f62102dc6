// The rule: a trace becomes the steps that it had, and the bound is one that no schedule of them can beat.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  boundMs,
  inStages,
  readWorkflow,
  scaled,
  type TimedStep,
  workMs,
} from '../../bench/engine/workflow.ts'
import { stepId } from '../../src/core/index.ts'

type Task = readonly [id: string, seconds: number, ...parents: string[]]

/** WfFormat 1.5, as far as it is read. */
function trace(...tasks: readonly Task[]) {
  return {
    schemaVersion: '1.5',
    workflow: {
      specification: { tasks: tasks.map(([id, , ...parents]) => ({ id, name: id, parents, children: [] })) },
      execution: { tasks: tasks.map(([id, runtimeInSeconds]) => ({ id, runtimeInSeconds, coreCount: 1 })) },
    },
  }
}

const steps = (...tasks: readonly Task[]) => readWorkflow(trace(...tasks))
const ids = (some: readonly TimedStep[]) => some.map(({ id }) => id)

/** Steps that come after some of those before them. */
const anySteps = fc
  .array(fc.record({ ms: fc.integer({ min: 0, max: 50 }), after: fc.array(fc.nat(30), { maxLength: 3 }) }), {
    minLength: 1,
    maxLength: 30,
  })
  .map((drawn) =>
    drawn.map(({ ms, after }, n): TimedStep => {
      const before = [...new Set(after)].filter((other) => other < n)
      return { id: stepId(`s${n}`), ms, after: before.map((other) => stepId(`s${other}`)) }
    }),
  )

/** The makespan of the steps, begun in the order given by the first agent that is free. */
function listSchedule(some: readonly TimedStep[], agents: number): number {
  const free = Array.from({ length: agents }, () => 0)
  const ends = new Map<string, number>()
  for (const { id, after, ms } of some) {
    const agent = free.indexOf(Math.min(...free))
    const begin = Math.max(free[agent] ?? 0, ...after.map((before) => ends.get(before) ?? 0))
    free[agent] = begin + ms
    ends.set(id, begin + ms)
  }
  return Math.max(...ends.values())
}

describe('a trace', () => {
  test('becomes its steps, each after those that it needs', () => {
    const read = steps(['join', 0.5, 'left', 'right'], ['left', 2, 'root'], ['right', 1, 'root'], ['root', 1])
    expect(ids(read)).toEqual(['root', 'left', 'right', 'join'])
    expect(read.map(({ ms }) => ms)).toEqual([1000, 2000, 1000, 500])
    expect(read.at(-1)?.after).toEqual(['left', 'right'])
  })

  test.each([
    ['no trace', {}, /no trace in WfFormat 1.5.*workflow/s],
    ['tasks that took no time', trace(['a', 0], ['b', 0, 'a']), /no time/],
    ['a task that needs one that is not there', trace(['a', 1, 'b']), /b/],
    ['tasks that wait for each other', trace(['a', 1, 'b'], ['b', 1, 'a']), /wait for each other/],
    ['more tasks than a task has steps', trace(...manyTasks(1501)), /1501 steps/],
  ])('that is %s is refused', (_, value, why) => {
    expect(() => readWorkflow(value)).toThrow(why)
  })

  test('with a task whose time nobody knows is refused', () => {
    const { workflow } = trace(['a', 1], ['b', 1])
    workflow.execution.tasks.pop()
    expect(() => readWorkflow({ workflow })).toThrow('how long b took')
  })
})

function manyTasks(count: number): [string, number][] {
  return Array.from({ length: count }, (_, n) => [`t${n}`, 1])
}

describe('the bound', () => {
  test('is the critical path where there are agents enough, and else the work over the agents', () => {
    const fan = steps(['root', 1], ['a', 3, 'root'], ['b', 5, 'root'], ['c', 4, 'root'])
    expect(workMs(fan)).toBe(13_000)
    expect(boundMs(fan, 3)).toBe(6000)
    expect(boundMs(fan, 2)).toBe(6500)
    expect(boundMs(fan, 1)).toBe(13_000)
  })

  test('is met or missed by every schedule, and never beaten', () => {
    fc.assert(
      fc.property(anySteps, fc.integer({ min: 1, max: 5 }), (some, agents) => {
        expect(listSchedule(some, agents)).toBeGreaterThanOrEqual(boundMs(some, agents))
      }),
    )
  })
})

test('a scale gives whole milliseconds, and nothing to what is less than half of one', () => {
  const read = steps(['a', 10], ['b', 0.004], ['c', 0.006, 'a'])
  expect(scaled(read, 0.1).map(({ id, ms }) => [id, ms])).toEqual([
    ['a', 1000],
    ['b', 0],
    ['c', 1],
  ])
})

describe('in synchronous stages', () => {
  test('a stage begins when the whole stage before it has ended', () => {
    const read = steps(['a', 1], ['b', 9], ['c', 1, 'a'], ['d', 1, 'c'], ['e', 1, 'a', 'c'])
    const staged = inStages(read)
    expect(boundMs(read, 100)).toBe(9000)
    expect(boundMs(staged, 100)).toBe(9000 + 1000 + 1000)
    expect(staged.map(({ id, after }) => [id, ...after])).toEqual([
      ['a'],
      ['b'],
      ['stage 1 begins', 'a', 'b'],
      ['c', 'stage 1 begins'],
      ['stage 2 begins', 'c'],
      ['d', 'stage 2 begins'],
      ['e', 'stage 2 begins'],
    ])
  })

  test('all steps are there, the work is the same, and nothing is done sooner', () => {
    fc.assert(
      fc.property(anySteps, (some) => {
        const staged = inStages(some)
        expect(ids(staged)).toEqual(expect.arrayContaining(ids(some)))
        expect(workMs(staged)).toBe(workMs(some))
        expect(boundMs(staged, 100)).toBeGreaterThanOrEqual(boundMs(some, 100))
        // Whatever a step came after is over when its stage begins.
        const place = new Map(staged.map(({ id }, index) => [id, index]))
        for (const { id, after } of some) {
          for (const before of after) expect(place.get(before)).toBeLessThan(place.get(id) ?? -1)
        }
      }),
    )
  })
})
