// The rule: the state of a task is the fold of its plan and its results, whoever folds them and however they come.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type StepId, stepId, swarmId } from '../../../src/core/index.ts'
import { type StepInput, TASK_TRANSITIONS, type TaskLife, taskSpec } from '../../../src/engine/index.ts'
import type { StoredResult, TaskEvent } from '../../../src/engine/task/task-event.ts'
import { stepSpecs } from '../../../src/engine/task/task-spec.ts'
import { TaskState } from '../../../src/engine/task/task-state.ts'

const times = (at: number) => ({ worker: 'w', attempt: 1, startedAt: at, endedAt: at + 1, spent: {} })
const succeeded = (at: number, add: readonly StepInput[] = []): StoredResult => ({
  ...times(at),
  state: 'succeeded',
  value: at,
  add: stepSpecs(add),
})
const failed = (at: number): StoredResult => ({
  ...times(at),
  state: 'failed',
  code: 'UNAVAILABLE',
  message: 'gone',
})
const step = (id: string, ...after: string[]): StepInput => ({ id, tool: 'probe', after })

function stateOf(steps: readonly StepInput[]): TaskState {
  const state = new TaskState()
  state.plan({ kind: 'created', at: 0, task: taskSpec({ steps: [...steps] }) })
  return state
}
const ready = (state: TaskState) => state.takeReady().map(({ spec }) => spec.id)

describe('a step', () => {
  test('is ready when those before it have succeeded, and is told once', () => {
    const state = stateOf([step('a'), step('b'), step('c', 'a', 'b')])
    expect(ready(state)).toEqual(['a', 'b'])
    state.result(stepId('a'), succeeded(1))
    expect(ready(state)).toEqual([])
    state.result(stepId('b'), succeeded(2))
    expect(ready(state)).toEqual(['c'])
    expect(ready(state)).toEqual([])
  })

  test('after one that failed is skipped, with all behind it, and its siblings are not', () => {
    const state = stateOf([step('a'), step('b', 'a'), step('c', 'b'), step('d')])
    state.result(stepId('a'), failed(1))
    expect(ready(state)).toEqual(['d'])
    state.result(stepId('d'), succeeded(2))
    expect(state.complete).toBe(true)
    const { outcome, results } = state.report(1)
    expect(outcome).toBe('partial')
    expect(results.get(stepId('c'))).toMatchObject({ state: 'skipped', because: 'b' })
  })

  test('gets the values that its input stands for', () => {
    const input = { all: { $result: 'a' }, one: [{ $result: 'a', path: [1] }] }
    const state = stateOf([step('a'), { id: 'b', tool: 'probe', input }])
    ready(state)
    state.result(stepId('a'), { ...succeeded(1), value: [5, 6] } as StoredResult)
    expect(state.takeReady()).toMatchObject([{ input: { all: [5, 6], one: [6] } }])
  })

  test('keeps its first result', () => {
    const state = stateOf([step('a'), step('b', 'a')])
    state.result(stepId('a'), succeeded(1))
    state.result(stepId('a'), failed(2))
    expect(state.report(1).results.get(stepId('a'))).toMatchObject({ state: 'succeeded', value: 1 })
    expect(state.resultOf(stepId('a'))).toBe(1)
  })

  test('that succeeds brings in the steps that it has added, behind it', () => {
    const state = stateOf([step('map'), step('end', 'map')])
    ready(state)
    state.result(stepId('map'), succeeded(1, [step('m1'), step('m2'), step('reduce', 'm1', 'm2')]))
    expect(ready(state)).toEqual(['end', 'm1', 'm2'])
    for (const [index, id] of ['m1', 'm2', 'end'].entries()) state.result(stepId(id), succeeded(index))
    expect(ready(state)).toEqual(['reduce'])
    expect(state.complete).toBe(false)
  })

  test.each([
    ['a step that is missing', [step('x', 'nowhere')], 'INVALID_INPUT'],
    ['a step of a name that is taken', [step('end')], 'INVALID_INPUT'],
    ['too many', Array.from({ length: 1500 }, (_, n) => step(`x${n}`)), 'STEP_LIMIT_EXCEEDED'],
  ])('fails where it has added %s', (_, add, code) => {
    const state = stateOf([step('a'), step('end', 'a')])
    state.result(stepId('a'), succeeded(1, add))
    const { results } = state.report(1)
    expect(results.get(stepId('a'))).toMatchObject({ state: 'failed', error: { code } })
    expect(results.size).toBe(2)
    expect(state.complete).toBe(true)
  })
})

describe('the life of a task', () => {
  const lives = Object.keys(TASK_TRANSITIONS) as TaskLife[]
  const counts = { steps: 1, succeeded: 0, failed: 0, skipped: 0 }
  const end = (outcome: TaskLife, at: number): TaskEvent[] =>
    outcome === 'unfinished' ? [] : [{ kind: 'finished', at, outcome, counts }]

  test.each(lives.flatMap((from) => lives.map((to) => [from, to] as const)))(
    'goes from %s to %s if and only if the table says so',
    (from, to) => {
      const state = stateOf([step('a')])
      for (const event of end(from, 5)) state.plan(event)
      expect(state.life).toBe(from)
      for (const event of end(to, 9)) state.plan(event)
      const moved = TASK_TRANSITIONS[from].includes(to)
      expect(state.life).toBe(moved ? to : from)
      expect(state.status(swarmId('t')).changedAt).toBe(moved ? 9 : from === 'unfinished' ? 0 : 5)
    },
  )
})

describe('a step for each item of a list', () => {
  const input = { name: { $item: true, path: ['n'] }, all: { $result: 'list' } }
  const mapped = (list: unknown, more: Partial<StepInput> = {}) => {
    const each = { id: 'each', tool: 'probe', input, map: { $result: 'list' }, ...more } as StepInput
    const state = stateOf([step('list'), each, step('end', 'each')])
    ready(state)
    state.result(stepId('list'), { ...succeeded(1), value: list } as StoredResult)
    return state
  }
  const list = [{ n: 'x' }, { n: 'y' }]

  test('is done once for each, and its value is the list of theirs, in order', () => {
    const state = mapped(list)
    expect(state.takeReady()).toMatchObject([
      { spec: { id: 'each[0]', tool: 'probe' }, input: { name: 'x', all: list } },
      { spec: { id: 'each[1]', tool: 'probe' }, input: { name: 'y', all: list } },
    ])
    state.result(stepId('each[1]'), succeeded(8))
    expect(ready(state)).toEqual([])
    state.result(stepId('each[0]'), succeeded(5))
    expect(ready(state)).toEqual(['end'])
    expect(state.resultOf(stepId('each'))).toEqual([5, 8])
    state.result(stepId('end'), succeeded(9))
    const { outcome, criticalPath, results } = state.report(4)
    expect([outcome, results.size, state.complete]).toEqual(['succeeded', 5, true])
    expect(criticalPath).toEqual(['list', 'each[0]', 'each', 'end'])
  })

  test('of an empty list is done at once', () => {
    const state = mapped([])
    expect(ready(state)).toEqual(['end'])
    expect(state.resultOf(stepId('each'))).toEqual([])
  })

  test('has failed items skip what comes after, and the other items are done', () => {
    const state = mapped(list)
    ready(state)
    state.result(stepId('each[0]'), failed(2))
    state.result(stepId('each[1]'), succeeded(3))
    const { results, outcome } = state.report(1)
    expect(results.get(stepId('each'))).toMatchObject({ state: 'skipped', because: 'each[0]' })
    expect(results.get(stepId('end'))).toMatchObject({ state: 'skipped' })
    expect([outcome, state.complete]).toEqual(['partial', true])
  })

  test.each<[string, unknown, object, string]>([
    ['what is no list', 'x', {}, 'INVALID_INPUT'],
    ['an item without what its input wants', [{ m: 1 }], {}, 'INVALID_INPUT'],
    ['a list that is too long', Array.from({ length: 1499 }, () => ({ n: 1 })), {}, 'STEP_LIMIT_EXCEEDED'],
  ])('fails for %s', (_, value, more, code) => {
    const state = mapped(value, more)
    const { results } = state.report(1)
    expect(results.get(stepId('each'))).toMatchObject({ state: 'failed', error: { code } })
    expect(results.size).toBe(3)
    expect(state.complete).toBe(true)
  })

  test('with an item in its input, but no list, fails', () => {
    const state = stateOf([{ id: 'a', tool: 'probe', input: { $item: true } }])
    expect(state.report(1).results.get(stepId('a'))).toMatchObject({ error: { code: 'INVALID_INPUT' } })
  })
})

describe('a condition', () => {
  const value = { $result: 'a', path: ['n'] }
  const conditioned = (when: StepInput['when']) => {
    const state = stateOf([
      { id: 'a', tool: 'probe' },
      { id: 'b', tool: 'probe', ...(when ? { when } : {}) },
      step('c', 'b'),
    ])
    ready(state)
    state.result(stepId('a'), { ...succeeded(1), value: { n: [4, 2] } } as StoredResult)
    return state
  }

  test.each<[boolean, StepInput['when']]>([
    [true, { value, is: [4, 2] }],
    [false, { value, is: [2, 4] }],
    [false, { value, isNot: [4, 2] }],
    [true, { value, isNot: null }],
    [true, { value: { $result: 'a', path: ['n', 1] }, is: 2 }],
  ])('lets a step be done, or skips it with what comes after: %j %j', (holds, when) => {
    const state = conditioned(when)
    expect(ready(state)).toEqual(holds ? ['b'] : [])
    const { results } = state.report(1)
    expect(results.get(stepId('c'))?.state).toBe(holds ? 'cancelled' : 'skipped')
    if (!holds)
      expect(results.get(stepId('b'))).toMatchObject({ state: 'skipped', because: 'b', unmet: true })
    expect(state.report(1).outcome).toBe(holds ? 'partial' : 'succeeded')
    expect(state.complete).toBe(!holds)
  })

  test('that looks where there is nothing fails the step', () => {
    const state = conditioned({ value: { $result: 'a', path: ['m', 'x'] }, is: 1 })
    const { results } = state.report(1)
    expect(results.get(stepId('b'))).toMatchObject({
      error: { message: 'The value of a has nothing at m.x.' },
    })
  })
})

describe('a budget', () => {
  const paid = (id: string, tokens: number, more: Partial<StepInput> = {}): StepInput => ({
    ...{ id, tool: 'ask', budget: { tokens } },
    ...more,
  })
  const spent = (tokens: number, attempt = 1): StoredResult => ({
    ...succeeded(1),
    attempt,
    spent: { tokens },
  })
  const withTokens = (tokens: number, ...steps: readonly StepInput[]) => {
    const state = new TaskState()
    state.plan({ kind: 'created', at: 0, task: taskSpec({ budget: { tokens }, steps: [...steps] }) })
    return state
  }

  test('is set aside before a step starts; the next one waits for what is given back', () => {
    const state = withTokens(100, paid('a', 60), paid('b', 60), paid('c', 10))
    expect(ready(state)).toEqual(['a'])
    state.result(stepId('a'), spent(40))
    expect(ready(state)).toEqual(['b'])
    state.result(stepId('b'), spent(20))
    expect(ready(state)).toEqual(['c'])
    expect(state.report(1).spent).toMatchObject({ tokens: 60 })
  })

  test('that is used up fails what comes, and what comes after that', () => {
    const state = withTokens(100, paid('a', 60), paid('b', 60), paid('c', 1, { after: ['b'] }))
    ready(state)
    state.result(stepId('a'), spent(41))
    expect(ready(state)).toEqual([])
    expect(state.complete).toBe(true)
    const { results } = state.report(1)
    const details = { budget: 'tokens', limit: 100, spent: 41, wanted: 60 }
    expect(results.get(stepId('b'))).toMatchObject({ error: { code: 'BUDGET_EXCEEDED', details } })
    expect(results.get(stepId('c'))).toMatchObject({ state: 'skipped' })
  })

  test('is set aside for every attempt; one before, of which nobody knows, has spent its all', () => {
    const state = withTokens(100, paid('a', 30, { retries: 2 }), paid('b', 10), paid('c', 1))
    expect(ready(state)).toEqual(['a', 'b'])
    state.result(stepId('a'), spent(5, 2))
    expect(state.report(1).spent).toMatchObject({ tokens: 35 })
    expect(ready(state)).toEqual(['c'])
  })

  test('of steps counts those that are added', () => {
    const state = new TaskState()
    const task = taskSpec({ budget: { steps: 3 }, steps: [step('a'), step('b')] })
    state.plan({ kind: 'created', at: 0, task })
    state.result(stepId('a'), succeeded(1, [step('c')]))
    state.result(stepId('b'), succeeded(2, [step('d')]))
    const { results } = state.report(1)
    expect(results.get(stepId('b'))).toMatchObject({ error: { code: 'BUDGET_EXCEEDED' } })
    expect([...results.keys()]).toEqual(['a', 'b', 'c'])
  })

  test('is never exceeded, whatever the steps spend and whoever folds in whatever pieces', () => {
    const tasks = fc.record({
      limit: fc.nat(60),
      steps: fc.array(
        fc.record({ most: fc.nat(30), uses: fc.nat(30), retries: fc.nat(2), attempt: fc.nat(2) }),
        {
          ...{ minLength: 1, maxLength: 15 },
        },
      ),
      order: fc.infiniteStream(fc.nat(1000)),
      pieces: fc.infiniteStream(fc.nat(3)),
    })
    fc.assert(
      fc.property(tasks, ({ limit, steps, order, pieces }) => {
        const fitting = steps.filter(({ most, retries }) => most * (retries + 1) <= limit)
        if (fitting.length === 0) return
        const specs = fitting.map(({ most, retries }, n) => paid(`s${n}`, most, { retries }))
        const [leader, other] = [withTokens(limit, ...specs), withTokens(limit, ...specs)]
        const open: string[] = []
        const offered = new Set<string>()
        const late: [StepId, StoredResult][] = []
        const pull = () => {
          for (const id of ready(leader)) {
            open.push(id)
            offered.add(id)
          }
        }
        pull()
        for (;;) {
          const [id] = open.splice((order.next().value ?? 0) % Math.max(1, open.length), 1)
          const step = fitting[Number(id?.slice(1))]
          if (id === undefined || !step) break
          const result = spent(Math.min(step.uses, step.most), 1 + Math.min(step.attempt, step.retries))
          leader.result(stepId(id), result)
          late.push([stepId(id), result])
          pull()
          expect(leader.report(1).spent.tokens ?? 0).toBeLessThanOrEqual(limit)
          // Another one that folds the same in other pieces never offers what the first has not.
          for (let piece = pieces.next().value ?? 0; piece > 0; piece--) {
            const next = late.shift()
            if (next) other.result(...next)
          }
          for (const early of ready(other)) expect(offered.has(early)).toBe(true)
        }
        for (const next of late) other.result(...next)
        expect(summary(other)).toEqual(summary(leader))
      }),
    )
  })
})

describe('a cancelled task', () => {
  test('offers nothing more, and keeps what was done', () => {
    const state = stateOf([step('a'), step('b', 'a')])
    ready(state)
    state.plan({ kind: 'cancelled', at: 1, code: 'CANCELLED', reason: 'enough' })
    state.result(stepId('a'), succeeded(1))
    expect(ready(state)).toEqual([])
    const { outcome, results } = state.report(1)
    expect(outcome).toBe('cancelled')
    expect(results.get(stepId('a'))?.state).toBe('succeeded')
    expect(results.get(stepId('b'))).toMatchObject({ state: 'cancelled', error: { code: 'CANCELLED' } })
  })
})

/** A graph in which each step comes after some of those before it. */
const graphs = fc
  .array(fc.array(fc.nat(30), { maxLength: 3 }), { minLength: 1, maxLength: 30 })
  .map((lists) =>
    lists.map((befores, index) =>
      step(`s${index}`, ...new Set(befores.filter((n) => n < index).map((n) => `s${n}`))),
    ),
  )

/** Does what is ready in a random order, failing now and then; gives the results in the order of the store. */
function drive(steps: readonly StepInput[], choices: fc.Stream<number>): [StepId, StoredResult][] {
  const state = stateOf(steps)
  const open: StepId[] = []
  const done: [StepId, StoredResult][] = []
  for (let at = 1; ; at++) {
    open.push(...ready(state))
    if (open.length === 0) return done
    const choice = choices.next().value ?? 0
    const [id] = open.splice(choice % open.length, 1)
    if (id === undefined) return done
    const result = choice % 7 === 0 ? failed(at) : succeeded(at)
    state.result(id, result)
    done.push([id, result])
  }
}

const summary = (state: TaskState) => {
  const { outcome, results, makespanMs, sequentialMs, criticalPath } = state.report(3)
  const ends = [...results].map(([id, { state }]) => [id, state])
  return { outcome, ends: Object.fromEntries(ends), makespanMs, sequentialMs, criticalPath }
}

describe('whatever the graph and the order', () => {
  test('every step ends once, none before those it comes after', () => {
    fc.assert(
      fc.property(graphs, fc.infiniteStream(fc.nat(1000)), (steps, choices) => {
        const done = drive(steps, choices)
        const state = stateOf(steps)
        const ended = new Set<string>()
        for (const [id, result] of done) {
          const { after = [] } = steps.find((one) => one.id === id) ?? {}
          expect(after.every((before) => ended.has(before))).toBe(true)
          expect(ended.has(id)).toBe(false)
          state.result(id, result)
          if (result.state === 'succeeded') ended.add(id)
        }
        expect(state.complete).toBe(true)
      }),
    )
  })

  test('a fold that begins anew in the middle, twice over the same, comes to the same', () => {
    fc.assert(
      fc.property(
        graphs,
        fc.infiniteStream(fc.nat(1000)),
        fc.nat(40),
        fc.nat(40),
        (steps, choices, cut, again) => {
          const done = drive(steps, choices)
          const whole = stateOf(steps)
          for (const [id, result] of done) whole.result(id, result)
          const anew = stateOf(steps)
          for (const [id, result] of done.slice(0, cut)) anew.result(id, result)
          // What is offered again after a restart has no result yet.
          const known = new Set(done.slice(0, cut).map(([id]) => id))
          for (const { spec } of anew.takeReady()) expect(known.has(spec.id)).toBe(false)
          for (const [id, result] of done.slice(Math.min(cut, again))) anew.result(id, result)
          expect(summary(anew)).toEqual(summary(whole))
        },
      ),
    )
  })

  test('it does not matter whether a cancel is folded before or after the results', () => {
    fc.assert(
      fc.property(
        graphs,
        fc.infiniteStream(fc.nat(1000)),
        fc.nat(40),
        fc.nat(40),
        (steps, choices, cut, late) => {
          const done = drive(steps, choices).slice(0, cut)
          const cancel = { kind: 'cancelled', at: 99, code: 'CANCELLED', reason: 'enough' } as const
          const fold = (place: number) => {
            const state = stateOf(steps)
            for (const [index, [id, result]] of done.entries()) {
              if (index === place) state.plan(cancel)
              state.result(id, result)
            }
            if (place >= done.length) state.plan(cancel)
            return summary(state)
          }
          expect(fold(late)).toEqual(fold(0))
        },
      ),
    )
  })
})
