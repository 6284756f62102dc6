import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { attempt, meshSwarmError, swarmId } from '../../../src/core/index.ts'
import {
  type Amounts,
  doTask,
  hireSlots,
  type PlanLog,
  StepWorker,
  slots,
  type TaskInput,
  type TaskReport,
  TaskRunner,
  type Tool,
  taskQueue,
  Upstreams,
  WorkerPool,
  withSubAgents,
} from '../../../src/engine/index.ts'
import { SwarmOrchestrator } from '../../../src/swarm/index.ts'
import { Metrics, traced } from '../../../src/telemetry/index.ts'
import { recordSpans, stopRecording } from '../../telemetry/spans.ts'
import { clock, ids, never, random, TestStore, task } from './store.ts'

const store = new TestStore()
afterEach(() => stopRecording())

const echo: Tool = { name: 'echo', idempotent: true, run: ({ input }) => input }
const fail: Tool = {
  name: 'fail',
  run: () => Promise.reject(meshSwarmError('INVALID_INPUT', 'the password is s3cret')),
}
/** Fails once. */
const shaky: Tool = {
  name: 'shaky',
  upstream: 'model',
  run: ({ attempt: number, input }) => {
    if (number === 1) throw meshSwarmError('RATE_LIMITED', 'not yet')
    return input
  },
}
/** Until it is stopped. */
const hang: Tool = {
  name: 'hang',
  idempotent: true,
  run: (_, signal) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
}

/** What a process of its own has for tasks. */
async function processWith(tools: readonly Tool[], metrics?: Metrics) {
  const opened = await store.open(metrics)
  const runner = new TaskRunner({ backend: opened, clock, metrics })
  const common = { backend: opened, clock, random, runner, metrics, upstreams: new Upstreams({ clock }) }
  const own = new Map(tools.map((tool) => [tool.name, tool]))
  const all = withSubAgents({ ...common, hire: hireSlots({ clock }) }, own)
  const pool = new WorkerPool(slots(clock, 4, 'w'))
  const doIt = (signal = never, id = task) =>
    doTask({ ...common, tools: all, pool }, id, { workers: 4 }, signal)
  return { opened, runner, common: { ...common, tools: own, pool }, doIt }
}

async function done(
  input: TaskInput,
  metrics?: Metrics,
  tools = [echo, fail, shaky, hang],
): Promise<TaskReport> {
  const { runner, doIt } = await processWith(tools, metrics)
  await runner.submit(task, input)
  return doIt()
}

const EVERYTHING: TaskInput = {
  name: 'survey',
  steps: [
    { id: 'good', tool: 'echo', input: 's3cret' },
    { id: 'bad', tool: 'fail' },
    { id: 'after', tool: 'echo', after: ['bad'] },
    { id: 'again', tool: 'shaky', retries: 1, input: 1 },
    {
      ...{ id: 'team', tool: 'agent', budget: { agents: 1, steps: 2 } },
      task: {
        name: 'look',
        steps: [
          { id: 'in', tool: 'echo' },
          { id: 'out', tool: 'fail', after: ['in'] },
        ],
      },
    },
  ],
}

describe('a trace', () => {
  test('is a tree of the task, its attempts and its sub-agents, each with its end', async () => {
    const recorded = recordSpans()
    await done(EVERYTHING)
    expect(recorded.tree()).toEqual([
      'submit_task',
      '  invoke_workflow survey !TASK_FAILED',
      '    execute_tool agent !TASK_FAILED',
      '      invoke_agent look !TASK_FAILED',
      '        execute_tool echo',
      '        execute_tool fail !INVALID_INPUT',
      '    execute_tool echo',
      '    execute_tool fail !INVALID_INPUT',
      '    execute_tool shaky',
      '    execute_tool shaky !RATE_LIMITED',
    ])
    const second = recorded.spans().find(({ attributes }) => attributes['meshswarm.attempt'] === 2)
    expect(second?.attributes).toEqual({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'shaky',
      'gen_ai.tool.call.id': 'task/again',
      'meshswarm.task': 'task',
      'meshswarm.step': 'again',
      'meshswarm.attempt': 2,
      'meshswarm.worker': expect.stringMatching(/^w-\d$/),
      'meshswarm.queue_wait_ms': expect.any(Number),
    })
    const told = recorded
      .spans()
      .map(({ name, attributes, status, events }) => [name, attributes, status, events])
    expect(JSON.stringify(told)).not.toContain('s3cret')
  })

  test('goes on after a restart, and where another process does the steps', async () => {
    const recorded = recordSpans()
    const begun = Promise.withResolvers<void>()
    const stuck: Tool = {
      ...hang,
      run: (call, signal) => {
        begun.resolve()
        return hang.run(call, signal)
      },
    }
    const first = await processWith([echo, stuck])
    await first.runner.submit(task, {
      name: 'long',
      steps: [
        { id: 'a', tool: 'echo' },
        { id: 'b', tool: 'hang', after: ['a'] },
      ],
    })
    const stop = new AbortController()
    const interrupted = attempt(() => first.doIt(stop.signal))
    await begun.promise
    stop.abort()
    expect(await interrupted).toMatchObject({ ok: false, error: { code: 'CANCELLED' } })
    await first.opened.close()

    const leader = await processWith([])
    const worker = await processWith([{ ...echo, name: 'hang' }])
    const end = new AbortController()
    const options = { name: 'elsewhere', queue: taskQueue(task) }
    const working = new StepWorker(worker.common, options).run(end.signal)
    expect(await leader.runner.run(task, { workers: 1 }, never)).toMatchObject({ outcome: 'succeeded' })
    end.abort()
    await working
    expect(new Set(recorded.spans().map((span) => span.spanContext().traceId)).size).toBe(1)
    expect(recorded.tree()).toEqual([
      'submit_task',
      '  invoke_workflow long',
      '  invoke_workflow long !CANCELLED',
      '    execute_tool echo',
      // The one who leads it now has not offered it: it was offered already.
      '    execute_tool hang',
      '    execute_tool hang !CANCELLED',
    ])
  })

  test('has the sub-agents below the attempt that they work for, the second as the first', async () => {
    const recorded = recordSpans()
    const begun = Promise.withResolvers<void>()
    const stuck: Tool = {
      ...hang,
      run: (call, signal) => {
        begun.resolve()
        return call.attempt > 1 ? null : hang.run(call, signal)
      },
    }
    const { runner, doIt } = await processWith([stuck])
    const team = { name: 'look', steps: [{ id: 'in', tool: 'hang' }] }
    const budget = { agents: 1, steps: 1 }
    await runner.submit(task, { name: 't', steps: [{ id: 'team', tool: 'agent', budget, task: team }] })
    const stop = new AbortController()
    const interrupted = attempt(() => doIt(stop.signal))
    await begun.promise
    stop.abort()
    await interrupted
    expect(await doIt()).toMatchObject({ outcome: 'succeeded' })
    expect(recorded.tree()).toEqual([
      'submit_task',
      '  invoke_workflow t',
      '  invoke_workflow t !CANCELLED',
      '    execute_tool agent',
      '      invoke_agent look',
      '    execute_tool agent !CANCELLED',
      '      invoke_agent look !CANCELLED',
      // Offered by the sub-agents' first leader, and done for the second one.
      '        execute_tool hang',
      '        execute_tool hang !CANCELLED',
    ])
  })

  test('is a part of the trace of whoever submits it, and a refused task is not in it', async () => {
    const recorded = recordSpans()
    const { runner, doIt } = await processWith([echo])
    await traced('chat', { subject: 'm' }, async () => {
      await runner.submit(task, { steps: [{ id: 'a', tool: 'echo' }] })
    })
    await expect(runner.submit(task, EVERYTHING)).rejects.toMatchObject({ code: 'CONFLICT' })
    await doIt()
    expect(recorded.tree()).toEqual(['chat m', '  invoke_workflow', '    execute_tool echo'])
  })

  test('has the agents of a swarm between the task and the tools', async () => {
    const recorded = recordSpans()
    const opened = await store.open()
    const components = { backend: opened, clock, random, ids, tools: new Map([[echo.name, echo]]) }
    const swarms = new SwarmOrchestrator(components)
    store.closeFirst(swarms)
    const id = await swarms.createSwarm({
      task: { name: 't', steps: [{ id: 'a', tool: 'echo' }] },
      agents: 1,
    })
    await swarms.coordinateAgents(id, {}, never)
    expect(recorded.tree()).toEqual([
      'submit_task',
      '  invoke_workflow t',
      '    invoke_agent monitor',
      '      execute_tool echo',
    ])
  })

  test('that nobody wants leaves nothing in the store', async () => {
    const { opened, runner } = await processWith([])
    await runner.submit(task, { steps: [{ id: 'a', tool: 'echo' }] })
    const stop = new AbortController()
    const leading = attempt(() => runner.run(task, { workers: 1 }, stop.signal))
    const request = { queue: taskQueue(task), worker: 'w', most: 1, leaseMs: 1000 }
    const [lease] = await opened.work.lease(request, never)
    stop.abort()
    await leading
    expect(lease?.payload).not.toHaveProperty('trace')
    expect((await opened.log.read(task))[0]?.event).not.toHaveProperty('traceparent')
  })
})

/** The values of one metric, by its labels as text. */
async function values(metrics: Metrics, name: string): Promise<Readonly<Record<string, number>>> {
  const lines = (await metrics.text()).matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm'))
  return Object.fromEntries([...lines].map(([, labels = '', value]) => [labels, Number(value)]))
}

describe('metrics', () => {
  test('count tasks, steps and attempts, and which of them failed and why', async () => {
    const metrics = await Metrics.open()
    await done(EVERYTHING, metrics)
    expect(await values(metrics, 'meshswarm_tasks_total')).toEqual({ 'outcome="partial"': 2 })
    expect(await values(metrics, 'meshswarm_steps_total')).toEqual({
      'state="succeeded",code=""': 3,
      'state="failed",code="INVALID_INPUT"': 2,
      'state="failed",code="TASK_FAILED"': 1,
      'state="skipped",code=""': 1,
    })
    expect(await values(metrics, 'meshswarm_step_attempts_total')).toEqual({
      'tool="echo",outcome="succeeded",code=""': 2,
      'tool="fail",outcome="failed",code="INVALID_INPUT"': 2,
      'tool="shaky",outcome="failed",code="RATE_LIMITED"': 1,
      'tool="shaky",outcome="succeeded",code=""': 1,
      'tool="agent",outcome="failed",code="TASK_FAILED"': 1,
    })
    // One of seven was skipped; the second attempt of another is no second wait.
    expect(await values(metrics, 'meshswarm_step_queue_wait_seconds_count')).toEqual({ '': 6 })
    expect(await values(metrics, 'meshswarm_steps_in_flight')).toEqual({ '': 0 })
    // Halved from 10 by the call that was refused.
    expect(await values(metrics, 'meshswarm_upstream_limit')).toEqual({ 'upstream="model"': 5 })
    expect((await values(metrics, 'meshswarm_store_write_duration_seconds_count'))['']).toBeGreaterThan(10)
  })

  test('tell which budget was exceeded', async () => {
    const metrics = await Metrics.open()
    const spend = (id: string, budget: Amounts, amounts: Amounts) => ({
      id,
      tool: 'spend',
      budget,
      input: { ...amounts },
    })
    const buy: Tool = {
      name: 'spend',
      run: ({ input, spend }) => {
        spend(input as Amounts)
        return null
      },
    }
    const steps = [
      spend('a', { tokens: 5 }, { tokens: 6 }),
      spend('b', { usd: 1 }, { usd: 0.5 }),
      // Too much once the step before it has spent something.
      { ...spend('c', { usd: 2 }, {}), after: ['b'] },
      spend('d', { tokens: 1 }, { actions: 1 }),
    ]
    const { runner, doIt } = await processWith([buy], metrics)
    await runner.submit(task, { budget: { usd: 2 }, steps })
    await doIt()
    expect(await values(metrics, 'meshswarm_budget_exceeded_total')).toEqual({
      'budget="tokens"': 1,
      'budget="actions"': 1,
      'budget="usd"': 1,
    })
  })

  test('do not count a task that another process has ended', async () => {
    const metrics = await Metrics.open()
    const { opened, common } = await processWith([])
    const { log } = opened
    const slower: PlanLog = {
      append: async (swarm, expected, events) => {
        // The other one says the same, a moment earlier.
        if (expected > 0) await log.append(swarm, expected, events)
        return log.append(swarm, expected, events)
      },
      swarms: () => log.swarms(),
      read: (swarm, after) => log.read(swarm, after),
      last: (swarm) => log.last(swarm),
      follow: (swarm, after, signal) => log.follow(swarm, after, signal),
    }
    const backend = new Proxy(opened, {
      get: (target, key) => {
        const own = key === 'log' ? slower : Reflect.get(target, key)
        return typeof own === 'function' ? own.bind(target) : own
      },
    })
    const runner = new TaskRunner({ ...common, metrics, backend })
    await runner.submit(task, { steps: [{ id: 'a', tool: 'echo', when: { value: 1, is: 2 } }] })
    expect(await runner.run(task, { workers: 1 }, never)).toMatchObject({
      results: new Map([['a', { state: 'skipped' }]]),
    })
    expect(await values(metrics, 'meshswarm_tasks_total')).toEqual({})
  })

  test('know a step in flight, and what was stopped for nothing', async () => {
    const metrics = await Metrics.open()
    const { runner, doIt } = await processWith([hang], metrics)
    await runner.submit(task, { steps: [{ id: 'a', tool: 'hang' }] })
    const doing = doIt()
    while ((await values(metrics, 'meshswarm_steps_in_flight'))[''] !== 1) await clock.sleep(5)
    await runner.cancel(task, 'enough')
    await doing
    expect(await values(metrics, 'meshswarm_steps_in_flight')).toEqual({ '': 0 })
    expect(await values(metrics, 'meshswarm_tasks_total')).toEqual({ 'outcome="cancelled"': 1 })
    const attempts = await values(metrics, 'meshswarm_step_attempts_total')
    expect(attempts).toEqual({ 'tool="hang",outcome="interrupted",code="CANCELLED"': 1 })
  })

  test('have no names out of a task file', async () => {
    const metrics = await Metrics.open()
    await done({ name: 'n4me', steps: [{ id: 'st3p', tool: 't00l' }] }, metrics)
    expect(await metrics.text()).not.toMatch(/n4me|st3p|t00l/)
    expect(await values(metrics, 'meshswarm_step_attempts_total')).toEqual({
      'tool="unknown",outcome="failed",code="INVALID_INPUT"': 1,
    })
  })

  test('are what the report says, whatever the task', async () => {
    const step = fc.record({
      tool: fc.constantFrom('echo', 'fail', 'shaky'),
      retries: fc.integer({ min: 0, max: 1 }),
      // Below the smallest index it comes after nothing.
      after: fc.integer({ min: -1, max: 5 }),
    })
    const steps = fc.array(step, { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(steps, async (drawn) => {
        const metrics = await Metrics.open()
        const { opened, runner, doIt } = await processWith([echo, fail, shaky], metrics)
        const input = drawn.map(({ tool, retries, after }, index) => ({
          ...{ id: `s${index}`, tool, retries },
          after: after >= 0 && after < index ? [`s${after}`] : [],
        }))
        const id = swarmId(ids.next('task'))
        await runner.submit(id, { steps: input })
        const report = await doIt(never, id)
        await opened.close()
        const results = [...report.results.values()]
        const states = Object.entries(await values(metrics, 'meshswarm_steps_total'))
        for (const state of ['succeeded', 'failed', 'skipped', 'cancelled']) {
          const counted = states.filter(([labels]) => labels.startsWith(`state="${state}"`))
          expect(counted.reduce((sum, [, count]) => sum + count, 0)).toBe(
            results.filter((result) => result.state === state).length,
          )
        }
        const attempts = Object.values(await values(metrics, 'meshswarm_step_attempts_total'))
        expect(attempts.reduce((sum, count) => sum + count, 0)).toBe(
          results.reduce((sum, result) => sum + result.attempts, 0),
        )
      }),
      { numRuns: 10 },
    )
  })
})
