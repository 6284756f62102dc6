import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { stepId, swarmId } from '../../../src/core/index.ts'
import {
  doTask,
  type EmbeddedBackend,
  type GraphReport,
  hireSlots,
  type Json,
  slots,
  type TaskInput,
  TaskRunner,
  type Tool,
  Upstreams,
  WorkerPool,
  withSubAgents,
} from '../../../src/engine/index.ts'
import { clock, ids, never, random, TestStore, task } from './store.ts'

const store = new TestStore()
let backend: EmbeddedBackend
beforeEach(async () => {
  backend = await store.open()
})

const tool = (name: string, run: Tool['run'], more: Partial<Tool> = {}): Tool => ({ name, run, ...more })
const echo = tool('echo', ({ input }) => input, { idempotent: true })
const pay = tool('pay', ({ input, spend }) => {
  spend({ tokens: Number(input) })
  return input
})
const hang = tool(
  'hang',
  (_, signal) => new Promise<Json>((_, reject) => signal.addEventListener('abort', reject)),
)

/** A runner, and what does a task with it. */
function setUp(tools: readonly Tool[] = [echo, pay, hang]) {
  const runner = new TaskRunner({ backend, clock })
  const common = { backend, clock, random, runner, upstreams: new Upstreams({ clock }) }
  const own = new Map(tools.map((one) => [one.name, one]))
  const all = withSubAgents({ ...common, hire: hireSlots({ clock }) }, own)
  const doIt = (signal: AbortSignal = never, id = task) => {
    const pool = new WorkerPool(slots(clock, 4, 'w'))
    return doTask({ ...common, tools: all, pool }, id, { workers: 4 }, signal)
  }
  const done = async (input: TaskInput) => {
    await runner.submit(task, input)
    return doIt()
  }
  return { runner, doIt, done }
}

/** A step whose sub-agents do these. */
function agents(
  id: string,
  steps: readonly Json[],
  more: Record<string, Json> = {},
  words: Record<string, Json> = {},
) {
  const budget = { agents: 1, steps: steps.length, ...(words.budget as object) }
  return { id, tool: 'agent', ...words, budget, task: { steps, ...more } } as TaskInput['steps'][number]
}

/** Sub-agents of sub-agents, so many deep, and one step at the bottom. */
function nested(depth: number): TaskInput['steps'][number] {
  const inner: Json =
    depth === 1 ? { id: 's', tool: 'echo', input: 'deep' } : (nested(depth - 1) as unknown as Json)
  return agents('s', [inner], {}, { budget: { agents: depth, steps: depth } })
}

describe('sub-agents', () => {
  test('do a task of their own with what they are given, and its last values are the value of the step', async () => {
    const report = await setUp().done({
      steps: [
        { id: 'pick', tool: 'echo', input: { node: 'n7', nodes: [1, 2] } },
        agents(
          'look',
          [
            { id: 'a', tool: 'echo', input: { $given: true, path: ['node'] } },
            { id: 'b', tool: 'echo', input: [{ $result: 'a' }, 'seen'] },
            { id: 'c', tool: 'echo', map: { $given: true, path: ['nodes'] }, input: { $item: true } },
          ],
          { agents: 2 },
          { input: { $result: 'pick' }, budget: { agents: 2, steps: 5 } },
        ),
        { id: 'after', tool: 'echo', input: { $result: 'look', path: ['b'] } },
      ],
    })
    expect(report.results.get(stepId('look'))).toMatchObject({ value: { b: ['n7', 'seen'], c: [1, 2] } })
    expect(report.results.get(stepId('after'))).toMatchObject({ value: ['n7', 'seen'] })
  })

  test('go three deep', async () => {
    const report = await setUp().done({ steps: [nested(3)] })
    expect(report.results.get(stepId('s'))).toMatchObject({ value: { s: { s: { s: 'deep' } } } })
  })

  test('do not go four deep, also where a tool adds them', async () => {
    const deeper = tool('deeper', (call) => {
      call.add([agents('more', [{ id: 'x', tool: 'echo' }])])
      return null
    })
    let step: TaskInput['steps'][number] = { id: 's', tool: 'deeper' }
    for (let depth = 1; depth <= 3; depth += 1)
      step = agents('s', [step as unknown as Json], {}, { budget: { agents: depth + 1, steps: depth + 2 } })
    const { runner, done } = setUp([deeper, echo])
    await done({ steps: [step] })
    const bottom = await runner.report(swarmId('task/s/s/s'), 1)
    expect(errorOf(bottom, 'more')).toMatchObject({ code: 'BUDGET_EXCEEDED' })
  })

  test('that fail, fail their step with what went wrong', async () => {
    const report = await setUp().done({ steps: [agents('s', [{ id: 'x', tool: 'nothing-of-this-name' }])] })
    expect(errorOf(report, 's')).toMatchObject({ code: 'TASK_FAILED' })
    expect(errorOf(report, 's')?.message).toContain('nothing-of-this-name')
  })
})

describe('authority', () => {
  test('is handed on in part, and further down nobody gets the rest back', async () => {
    const inner = agents(
      'inner',
      [{ id: 'x', tool: 'pay', input: 1 }],
      {},
      { budget: { agents: 1, steps: 1 } },
    )
    const outer = agents(
      'outer',
      [inner as unknown as Json],
      { tools: ['echo', 'agent'] },
      {
        budget: { agents: 2, steps: 2, tokens: 5 },
      },
    )
    const { runner, done } = setUp()
    await done({ steps: [outer] })
    const deep = await runner.report(swarmId('task/outer/inner'), 1)
    expect(deep.results.get(stepId('x'))).toMatchObject({ state: 'failed', error: { code: 'INVALID_INPUT' } })
  })

  test('does not grow: a tool that its agents do not have is not handed on', async () => {
    const step = agents('s', [{ id: 'x', tool: 'echo' }], { tools: ['rm'] })
    expect(errorOf(await setUp().done({ steps: [step] }), 's')).toMatchObject({ code: 'INVALID_INPUT' })
  })

  test('a queue of other workers is not used by steps that are added either', async () => {
    const add = tool('add', (call) => {
      call.add([{ id: 'more', tool: 'echo', queue: 'others' }])
      return null
    })
    const { runner, done } = setUp([echo, add])
    await done({ steps: [agents('s', [{ id: 'x', tool: 'add' }], {}, { budget: { agents: 1, steps: 5 } })] })
    const inside = await runner.report(swarmId('task/s'), 1)
    expect(inside.results.get(stepId('x'))).toMatchObject({
      state: 'failed',
      error: { code: 'INVALID_INPUT' },
    })
    expect(inside.results.size).toBe(1)
  })
})

describe('refused before anything starts', () => {
  const two = ['x', 'y'].map((id) => ({ id, tool: 'echo' }))
  test.each<[string, string, TaskInput]>([
    [
      'no room for the agents',
      'BUDGET_EXCEEDED',
      { steps: [agents('s', two, {}, { budget: { agents: 0 } })] },
    ],
    [
      'no room for their steps',
      'BUDGET_EXCEEDED',
      { steps: [agents('s', two, {}, { budget: { steps: 1 } })] },
    ],
    ['no room for them in the task', 'BUDGET_EXCEEDED', { budget: { steps: 2 }, steps: [agents('s', two)] }],
    [
      'a slice larger than the whole',
      'BUDGET_EXCEEDED',
      { steps: [agents('s', two, { budget: { usd: 1 } })] },
    ],
    ['four deep', 'BUDGET_EXCEEDED', { steps: [nested(4)] }],
    ['no task', 'INVALID_INPUT', { steps: [{ id: 's', tool: 'agent', budget: { agents: 1, steps: 1 } }] }],
    ['a cycle below', 'INVALID_INPUT', { steps: [agents('s', [{ id: 'x', tool: 'echo', after: ['x'] }])] }],
    ['another queue', 'INVALID_INPUT', { steps: [agents('s', [{ id: 'x', tool: 'echo', queue: 'q' }])] }],
  ])('%s', async (_, code, input) => {
    const { runner } = setUp()
    await expect(runner.submit(task, input)).rejects.toMatchObject({ code })
    expect(await runner.list()).toEqual([])
  })
})

describe('the budget', () => {
  test('that was not needed comes back, and others go on with it', async () => {
    const { runner, done } = setUp()
    const two = ['a', 'b'].map((id) =>
      agents(
        id,
        [{ id: 'x', tool: 'pay', input: 2, budget: { tokens: 2 } }],
        {},
        { budget: { agents: 1, steps: 1, tokens: 8 } },
      ),
    )
    const report = await done({ budget: { tokens: 10 }, steps: two })
    expect(report.outcome).toBe('succeeded')
    expect((await runner.report(task, 1)).spent).toMatchObject({ tokens: 4, agents: 2, steps: 4 })
  })

  test('is never exceeded over the whole tree, whatever is asked for', async () => {
    const Amount = fc.integer({ min: 0, max: 6 })
    const Leaf = fc.record({ wants: Amount, has: Amount })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ slice: Amount, leaves: fc.array(Leaf, { minLength: 1, maxLength: 3 }) }), {
          minLength: 1,
          maxLength: 3,
        }),
        Amount,
        async (subs, limit) => {
          let paid = 0
          const count = tool('pay', ({ input, spend }) => {
            spend({ tokens: Number(input) })
            paid += Number(input)
            return input
          })
          const { runner, doIt } = setUp([count])
          const id = swarmId(ids.next('swarm'))
          const steps = subs.map(({ slice, leaves }, at) =>
            agents(
              `s${at}`,
              leaves.map(({ wants, has }, leaf) => ({
                id: `x${leaf}`,
                tool: 'pay',
                input: wants,
                budget: { tokens: has },
              })),
              {},
              { budget: { agents: 1, steps: leaves.length, tokens: slice } },
            ),
          )
          try {
            await runner.submit(id, { budget: { tokens: limit }, steps })
          } catch {
            return
          }
          await doIt(never, id)
          const { spent } = await runner.report(id, 1)
          expect(paid).toBeLessThanOrEqual(limit)
          expect(spent.tokens ?? 0).toBe(paid)
        },
      ),
      { numRuns: 25 },
    )
  })
})

describe('the end', () => {
  const deep = agents(
    'outer',
    [agents('inner', [{ id: 'x', tool: 'hang' }], {}, {}) as unknown as Json],
    {},
    {
      budget: { agents: 2, steps: 2 },
    },
  )

  test('of a task that is cancelled is that of its sub-agents, however deep', async () => {
    const { runner, doIt } = setUp()
    await runner.submit(task, { steps: [deep] })
    const doing = doIt()
    await started(runner, 'task/outer/inner')
    await runner.cancel(task, 'enough')
    expect((await doing).outcome).toBe('cancelled')
    for (const id of ['task/outer', 'task/outer/inner'])
      expect(await runner.status(swarmId(id))).toMatchObject({ state: 'cancelled' })
  })

  test('of a step whose time is up is that of its sub-agents', async () => {
    const { runner, done } = setUp()
    const report = await done({ steps: [{ ...deep, timeoutMs: 300 }] })
    expect(report.results.get(stepId('outer'))).toMatchObject({ error: { code: 'TIMEOUT' } })
    for (const id of ['task/outer', 'task/outer/inner'])
      expect(await runner.status(swarmId(id))).toMatchObject({ state: 'cancelled' })
    // What they have spent nobody knows: all of it counts.
    expect((await runner.report(task, 1)).spent).toMatchObject({ agents: 2, steps: 3 })
  })

  test('of a task that makes room takes those of its sub-agents along', async () => {
    const { doIt } = setUp()
    const runner = new TaskRunner({ backend, clock }, { keepTasks: 2 })
    await runner.submit(task, { steps: [agents('s', [{ id: 'x', tool: 'echo' }])] })
    await doIt()
    await runner.submit(swarmId('next'), { steps: [{ id: 'x', tool: 'echo' }] })
    expect((await runner.list()).map(({ swarm }) => swarm)).toEqual(['next'])
  })
})

test('a task that goes on does not do again what its sub-agents have done', async () => {
  const done: string[] = []
  let open = false
  const once = tool('once', ({ input }) => done.push(String(input)))
  const gate = tool(
    'gate',
    (_, signal) =>
      open ? null : new Promise<Json>((_r, reject) => signal.addEventListener('abort', reject)),
    { idempotent: true },
  )
  const { runner, doIt } = setUp([once, gate])
  const steps = [
    { id: 'a', tool: 'once', input: 'a' },
    { id: 'b', tool: 'gate', after: ['a'] },
    { id: 'c', tool: 'once', input: 'c', after: ['b'] },
  ]
  await runner.submit(task, { steps: [agents('s', steps)] })
  const stop = new AbortController()
  const doing = doIt(stop.signal)
  await started(runner, 'task/s', 1)
  stop.abort()
  await expect(doing).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(await runner.status(swarmId('task/s'))).toMatchObject({ state: 'unfinished' })
  open = true
  expect((await doIt()).outcome).toBe('succeeded')
  expect(done).toEqual(['a', 'c'])
})

function errorOf({ results }: GraphReport, id: string) {
  const result = results.get(stepId(id))
  return result?.state === 'failed' ? result.error : undefined
}

/** Until the task is there, and so many of its steps have succeeded. */
async function started(runner: TaskRunner, id: string, succeeded = 0): Promise<void> {
  for (;;) {
    const list = await runner.list()
    const found = list.find(({ swarm }) => swarm === id)
    if (found && found.counts.succeeded >= succeeded) return
    await clock.sleep(10)
  }
}
