// The rule: a task goes on from wherever it stands, whoever leads it and whoever does its steps.
import { statSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { meshSwarmError, stepId, swarmId, VirtualClock } from '../../../src/core/index.ts'
import {
  type EmbeddedBackend,
  type GraphReport,
  type Json,
  StepWorker,
  type StepWorkerOptions,
  slots,
  type TaskInput,
  TaskRunner,
  type Tool,
  type ToolCall,
  taskQueue,
  Upstreams,
  WorkerPool,
} from '../../../src/engine/index.ts'
import { readTask } from '../../../src/engine/task/read-task.ts'
import { clock, never, random, TestStore, task } from './store.ts'

const store = new TestStore()

function startWorker(
  opened: EmbeddedBackend,
  tools: readonly Tool[],
  { slots: count = 8, ...options }: Partial<StepWorkerOptions> & { readonly slots?: number } = {},
): () => Promise<void> {
  const byName = new Map(tools.map((tool) => [tool.name, tool]))
  const components = {
    backend: opened,
    clock,
    random,
    tools: byName,
    upstreams: new Upstreams({ clock }),
    pool: new WorkerPool(slots(clock, count, options.name)),
  }
  const worker = new StepWorker(components, { name: 'w', queue: taskQueue(task), ...options })
  const stop = new AbortController()
  const running = worker.run(stop.signal)
  const close = () => {
    stop.abort()
    return running
  }
  store.closeFirst({ close })
  return close
}

/** Submits the task, does it with one worker, and gives the report. */
async function done(input: TaskInput, ...tools: readonly Tool[]): Promise<GraphReport> {
  const opened = await store.open()
  const runner = new TaskRunner({ backend: opened, clock })
  await runner.submit(task, input)
  startWorker(opened, tools)
  return runner.run(task, { workers: 8 }, never)
}

const tool = (name: string, run: Tool['run'], more: Partial<Tool> = {}): Tool => ({ name, run, ...more })
const echo = tool('echo', ({ input }) => input)
const endOf = (report: GraphReport, id: string) => report.results.get(stepId(id))

/** A tool that does not end before it is told to, and says when it was begun. */
function gate(name = 'gate', more: Partial<Tool> = {}) {
  const begun: ToolCall[] = []
  const waiting: ((call: ToolCall) => void)[] = []
  const release = Promise.withResolvers<void>()
  const run = async (call: ToolCall, signal: AbortSignal) => {
    begun.push(call)
    waiting.shift()?.(call)
    const aborted = new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
    )
    await Promise.race([release.promise, aborted])
    return call.attempt
  }
  return {
    tool: tool(name, run, more),
    begun,
    next: () => new Promise<ToolCall>((resolve) => waiting.push(resolve)),
    open: () => release.resolve(),
  }
}

describe('a task', () => {
  test('passes values on, and tells what it took', async () => {
    const sum = tool('sum', ({ input }) => (input as number[]).reduce((a, b) => a + b, 0))
    const report = await done(
      {
        steps: [
          { id: 'a', tool: 'echo', input: 20 },
          { id: 'b', tool: 'echo', input: 22 },
          { id: 'c', tool: 'sum', input: [{ $result: 'a' }, { $result: 'b' }] },
        ],
      },
      echo,
      sum,
    )
    expect(report.outcome).toBe('succeeded')
    expect(endOf(report, 'c')).toMatchObject({ state: 'succeeded', value: 42, attempts: 1 })
    expect(report.timeline.map(({ step }) => step).at(-1)).toBe('c')
    expect(report.criticalPath).toHaveLength(2)
  })

  test('grows by the steps that its steps add', async () => {
    const split = tool('split', ({ input, add }) => {
      const parts = input as number[]
      add(parts.map((part) => ({ id: `part-${part}`, tool: 'echo', input: part })))
      const $result = parts.map((part) => ({ $result: `part-${part}` }))
      add([{ id: 'all', tool: 'echo', input: $result }])
      return parts.length
    })
    const report = await done({ steps: [{ id: 'split', tool: 'split', input: [1, 2, 3] }] }, split, echo)
    expect(endOf(report, 'all')).toMatchObject({ value: [1, 2, 3] })
    expect(report.results.size).toBe(5)
  })

  test('with a step that failed is partial: what comes after it is skipped, the rest is done', async () => {
    const broken = tool('broken', () => {
      throw meshSwarmError('NODE_NOT_FOUND', 'n7 is gone')
    })
    const steps = [
      { id: 'a', tool: 'broken', retries: 5 },
      { id: 'b', tool: 'echo', after: ['a'] },
      { id: 'c', tool: 'echo', input: 1 },
    ]
    const report = await done({ steps }, broken, echo)
    expect(report.outcome).toBe('partial')
    expect(endOf(report, 'a')).toMatchObject({ error: { code: 'NODE_NOT_FOUND' }, attempts: 1 })
    expect(endOf(report, 'b')).toMatchObject({ state: 'skipped', because: 'a' })
    expect(endOf(report, 'c')).toMatchObject({ state: 'succeeded' })
  })

  test('tries again what may succeed later, as often as it may and no more', async () => {
    const flaky = tool('flaky', ({ attempt, input }) => {
      if (attempt <= Number(input)) throw meshSwarmError('UNAVAILABLE', 'not yet')
      return attempt
    })
    const steps = [
      { id: 'twice', tool: 'flaky', input: 2, retries: 2 },
      { id: 'never', tool: 'flaky', input: 9, retries: 1 },
    ]
    const report = await done({ steps }, flaky)
    expect(endOf(report, 'twice')).toMatchObject({ state: 'succeeded', value: 3, attempts: 3 })
    expect(endOf(report, 'never')).toMatchObject({ state: 'failed', attempts: 2 })
    // Each attempt is a bar of the chart and counts as work, failed ones too.
    const bars = report.timeline.map(({ step, attempt, succeeded }) => `${step} ${attempt} ${succeeded}`)
    expect(bars.toSorted()).toEqual([
      ...['never 1 false', 'never 2 false'],
      ...['twice 1 false', 'twice 2 false', 'twice 3 true'],
    ])
    const work = report.timeline.reduce((sum, { startedAt, endedAt }) => sum + endedAt - startedAt, 0)
    expect(report.sequentialMs).toBe(work)
  })

  test('may give back what it said it would spend, and no more', async () => {
    const careful = tool('careful', ({ input, spend, refund }) => {
      spend({ tokens: 5 })
      refund({ tokens: Number(input) })
      return null
    })
    const steps = [2, 6, -1].map((input) => ({
      id: `s${input}`,
      tool: 'careful',
      input,
      budget: { tokens: 5 },
    }))
    const report = await done({ steps }, careful)
    expect(endOf(report, 's2')).toMatchObject({ state: 'succeeded' })
    for (const id of ['s6', 's-1'])
      expect(endOf(report, id)).toMatchObject({ error: { code: 'INVALID_INPUT' } })
  })

  test('of tools that call the same upstream are as many under way as it bears', async () => {
    let underWay = 0
    let served = 0
    const model = tool(
      'model',
      async () => {
        if (underWay >= 3) throw meshSwarmError('RATE_LIMITED', 'too many')
        underWay += 1
        await clock.sleep(5)
        underWay -= 1
        served += 1
        return null
      },
      { upstream: 'model', idempotent: true },
    )
    const steps = Array.from({ length: 60 }, (_, n) => ({ id: `s${n}`, tool: 'model', retries: 20 }))
    const report = await done({ steps }, model)
    expect(report.outcome).toBe('succeeded')
    expect(served).toBe(60)
    const attempts = [...report.results.values()].reduce((sum, result) => sum + result.attempts, 0)
    // Without a limit five of eight workers are refused, all the time.
    expect(attempts).toBeLessThan(60 * 1.7)
  })

  test('ends a step that takes too long with TIMEOUT', async () => {
    const slow = gate('slow')
    const report = await done({ steps: [{ id: 'a', tool: 'slow', timeoutMs: 20 }] }, slow.tool)
    expect(endOf(report, 'a')).toMatchObject({ state: 'failed', error: { code: 'TIMEOUT' } })
  })

  test.each<[string, unknown]>([
    ['what JSON cannot hold', 10n],
    ['a function', () => 1],
    ['what refers to itself', Object.assign([], { 0: globalThis })],
    ['more than 16 Mi characters', 'x'.repeat(2 ** 24)],
  ])('fails where its tool gives %s, and its siblings do not', async (_, value) => {
    const strange = tool('strange', () => value as Json)
    const steps = [
      { id: 'a', tool: 'strange' },
      { id: 'b', tool: 'echo', input: 1 },
    ]
    const report = await done({ steps }, strange, echo)
    expect(endOf(report, 'a')).toMatchObject({ error: { code: 'INVALID_INPUT' } })
    expect(endOf(report, 'b')).toMatchObject({ state: 'succeeded' })
  })

  test.each<[string, Record<string, unknown>, unknown]>([
    ['a few figures', { node: 'n7', tries: [1, 2] }, { node: 'n7', tries: [1, 2] }],
    ['more than there is room for', { text: 'x'.repeat(5000) }, {}],
    ['what JSON cannot hold', { big: 1n }, {}],
  ])('that fails with details keeps them, or does without: %s', async (_, details, kept) => {
    const fails = tool('fails', () => {
      throw meshSwarmError('NODE_NOT_FOUND', 'gone', { details })
    })
    const report = await done({ steps: [{ id: 'a', tool: 'fails' }] }, fails)
    expect(endOf(report, 'a')).toMatchObject({ error: { code: 'NODE_NOT_FOUND', message: 'gone' } })
    expect(endOf(report, 'a')).toHaveProperty('error.details', kept)
  })

  test('whose tool nobody has fails there', async () => {
    const report = await done({ steps: [{ id: 'a', tool: 'unheard-of' }] }, echo)
    expect(endOf(report, 'a')).toMatchObject({ error: { code: 'INVALID_INPUT' } })
  })

  test('has a name that no other has', async () => {
    const runner = new TaskRunner({ backend: await store.open(), clock })
    await runner.submit(task, { steps: [{ id: 'a', tool: 'echo' }] })
    const other: TaskInput = { steps: [{ id: 'b', tool: 'echo' }] }
    await expect(runner.submit(task, other)).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(runner.run(swarmId('no'), { workers: 1 }, never)).rejects.toMatchObject({
      code: 'TASK_NOT_FOUND',
    })
    await expect(runner.cancel(swarmId('no'), '')).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' })
  })
})

describe('a budget', () => {
  const ask = tool('ask', ({ input, spend }) => {
    spend({ tokens: Number(input) })
    spend({ tokens: 1 })
    return null
  })

  test('stops a step before it spends more than it may', async () => {
    const steps = [
      { id: 'fits', tool: 'ask', input: 9, budget: { tokens: 10 } },
      { id: 'over', tool: 'ask', input: 10, budget: { tokens: 10 } },
      { id: 'none', tool: 'ask', input: 1 },
    ]
    const report = await done({ budget: { tokens: 20 }, steps }, ask)
    expect(endOf(report, 'fits')).toMatchObject({ state: 'succeeded' })
    const exceeded = (limit: number) => ({
      error: { code: 'BUDGET_EXCEEDED', details: { budget: 'tokens', limit } },
    })
    expect(endOf(report, 'over')).toMatchObject(exceeded(10))
    expect(endOf(report, 'none')).toMatchObject(exceeded(0))
  })

  test('counts what each attempt has spent, and of one that was killed all that it might have', async () => {
    const opened = await store.open()
    const runner = new TaskRunner({ backend: opened, clock })
    const costly = tool('costly', ({ attempt, spend }) => {
      spend({ tokens: attempt })
      if (attempt < 4) throw meshSwarmError('UNAVAILABLE', 'not yet')
      return null
    })
    const budget = { tokens: 10 }
    await runner.submit(task, {
      steps: [{ id: 'a', tool: 'costly', budget, retries: 3, idempotent: true }],
    })
    const running = runner.run(task, { workers: 8 }, never)
    await opened.work.lease({ queue: taskQueue(task), worker: 'dead', most: 1, leaseMs: 1 }, never)
    startWorker(opened, [costly])
    expect((await running).spent).toMatchObject({ tokens: 10 + 2 + 3 + 4 })
  })

  test('of time ends the task, and what is at work with it', async () => {
    const held = gate()
    const steps = [
      { id: 'a', tool: 'echo', input: 1 },
      { id: 'b', tool: 'gate', after: ['a'] },
    ]
    const report = await done({ budget: { wallMs: 150 }, steps }, echo, held.tool)
    expect(report.outcome).toBe('cancelled')
    expect(endOf(report, 'a')).toMatchObject({ state: 'succeeded' })
    expect(endOf(report, 'b')).toMatchObject({
      error: { code: 'BUDGET_EXCEEDED', details: { budget: 'wallMs', limit: 150 } },
    })
  })

  test('is no excuse to begin a step again and again that spends and kills its worker', async () => {
    const opened = await store.open()
    const runner = new TaskRunner({ backend: opened, clock })
    const paid = { id: 'a', tool: 'ask', input: 1, budget: { tokens: 5 }, idempotent: true }
    await runner.submit(task, { steps: [paid] })
    const running = runner.run(task, { workers: 8 }, never)
    await opened.work.lease({ queue: taskQueue(task), worker: 'dead', most: 1, leaseMs: 1 }, never)
    startWorker(opened, [ask])
    expect(endOf(await running, 'a')).toMatchObject({
      error: { code: 'BUDGET_EXCEEDED', details: { budget: 'tokens' } },
    })
  })
})

describe('the list of tasks', () => {
  test('tells each one as it stands, the oldest first, the same before and after its end is stored', async () => {
    const opened = await store.open()
    const runner = new TaskRunner({ backend: opened, clock })
    const fails = tool('fails', () => {
      throw meshSwarmError('NODE_NOT_FOUND', 'gone')
    })
    const steps = [
      { id: 'a', tool: 'fails' },
      { id: 'b', tool: 'echo', after: ['a'] },
      { id: 'c', tool: 'echo' },
    ]
    await runner.submit(task, { name: 'first', steps })
    await runner.submit(swarmId('second'), { steps })
    startWorker(opened, [echo, fails])
    await runner.run(task, { workers: 8 }, never)
    const counts = { steps: 3, succeeded: 1, failed: 1, skipped: 1 }
    const waiting = { steps: 3, succeeded: 0, failed: 0, skipped: 0 }
    expect(await runner.list()).toMatchObject([
      { swarm: 'task', name: 'first', state: 'partial', counts },
      { swarm: 'second', name: undefined, state: 'unfinished', counts: waiting },
    ])
    expect((await runner.report(task, 8)).outcome).toBe('partial')
    await expect(runner.status(swarmId('no'))).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' })
  })

  test('keeps so many, and forgets the oldest finished ones, never an unfinished one', async () => {
    const opened = await store.open()
    const runner = new TaskRunner({ backend: opened, clock }, { keepTasks: 3 })
    const steps = [{ id: 'a', tool: 'echo', queue: 'shared' }]
    await runner.submit(swarmId('unfinished'), { steps: [{ id: 'a', tool: 'later' }] })
    startWorker(opened, [echo], { queue: 'shared' })
    for (const name of ['one', 'two', 'three', 'four']) {
      await runner.submit(swarmId(name), { steps })
      await runner.run(swarmId(name), { workers: 8 }, never)
    }
    expect((await runner.list()).map(({ swarm }) => swarm)).toEqual(['unfinished', 'three', 'four'])
  })
})

describe('room', () => {
  test('is made where the store takes too much, by the oldest finished tasks, and their place is given back', async () => {
    const opened = await store.open()
    const size = () => opened.usedBytes()
    const runner = new TaskRunner({ backend: opened, clock }, { keepBytes: 3 * 2 ** 20 })
    const bulky = tool('bulky', ({ input, key }) => key.padEnd(Number(input)))
    const stop = startWorker(opened, [bulky], { queue: 'shared' })
    const steps = (characters: number) =>
      Array.from({ length: 20 }, (_, n) => ({
        id: `s${n}`,
        tool: 'bulky',
        input: characters,
        queue: 'shared',
      }))
    await runner.submit(swarmId('unfinished'), { steps: [{ id: 'a', tool: 'later' }] })
    // Within the database, and as large values beside it.
    for (const [name, characters] of [
      ['small', 60_000],
      ['large', 200_000],
    ] as const) {
      await runner.submit(swarmId(name), { steps: steps(characters) })
      await runner.run(swarmId(name), { workers: 8 }, never)
    }
    const full = await size()
    expect(full).toBeGreaterThan(5 * 2 ** 20 - 2 ** 19)
    await runner.submit(swarmId('next'), { steps: [{ id: 'a', tool: 'later' }] })
    expect((await runner.list()).map(({ swarm }) => swarm)).toEqual(['unfinished', 'next'])
    expect(await size()).toBeLessThan(2 ** 19)
    await stop()
    await opened.close()
    expect(statSync(store.file).size).toBeLessThan(2 ** 19)
  })
})

describe('a sweep', () => {
  test('ends what nobody would end any more, and nothing else', async () => {
    const virtual = new VirtualClock()
    const opened = await store.open()
    const runner = new TaskRunner({ backend: opened, clock: virtual })
    const steps = [{ id: 'a', tool: 'later' }]
    await runner.submit(swarmId('own'), { steps })
    await runner.submit(swarmId('late'), { budget: { wallMs: 100 }, steps })
    await runner.submit(swarmId('own/a'), { steps }, { swarm: swarmId('own'), step: stepId('a') })
    await runner.submit(swarmId('lost/a'), { steps }, { swarm: swarmId('lost'), step: stepId('a') })
    expect(await runner.sweep()).toEqual(['lost/a'])
    await virtual.advance(100)
    expect(await runner.sweep()).toEqual(['late'])
    expect(await runner.status(swarmId('late'))).toMatchObject({ state: 'cancelled' })
    // As after a crash between the end of a task and that of its sub-agents.
    const { version } = await readTask(opened, swarmId('own'), 'no results')
    const end = {
      kind: 'finished',
      at: 1,
      outcome: 'cancelled',
      counts: { steps: 1, succeeded: 0, failed: 0, skipped: 0 },
    }
    await opened.log.append(swarmId('own'), version, [end])
    expect(await runner.sweep()).toEqual(['own/a'])
    expect(await runner.sweep()).toEqual([])
  })
})

describe('several', () => {
  test('processes share the steps, and each is done once', async () => {
    const seen: string[] = []
    const note = tool('note', async ({ step }, signal) => {
      seen.push(step)
      await clock.sleep(2, signal)
      return null
    })
    const steps = Array.from({ length: 60 }, (_, n) => ({
      ...{ id: `s${n}`, tool: 'note' },
      after: n < 20 ? [] : [`s${n - 20}`],
    }))
    const [one, two] = [await store.open(), await store.open()]
    const runners = [one, two].map((opened) => new TaskRunner({ backend: opened, clock }))
    await runners[0]?.submit(task, { steps })
    startWorker(one, [note], { name: 'one', slots: 3 })
    startWorker(two, [note], { name: 'two', slots: 3 })
    const reports = await Promise.all(runners.map((runner) => runner.run(task, { workers: 6 }, never)))
    expect(seen.toSorted()).toEqual(steps.map(({ id }) => id).toSorted())
    for (const { outcome, timeline } of reports) {
      expect(outcome).toBe('succeeded')
      const workers = new Set(timeline.map(({ worker }) => worker.split('-')[0]))
      expect([...workers].toSorted()).toEqual(['one', 'two'])
    }
  })
})

describe('cancelling', () => {
  test('reaches a step that runs in another process, keeps what was done, and starts nothing more', async () => {
    const [here, there] = [await store.open(), await store.open()]
    const runner = new TaskRunner({ backend: here, clock })
    const steps = [
      { id: 'a', tool: 'echo', input: 1 },
      { id: 'b', tool: 'gate', after: ['a'] },
      { id: 'c', tool: 'echo', after: ['b'] },
    ]
    await runner.submit(task, { steps })
    const held = gate()
    const begun = held.next()
    startWorker(there, [echo, held.tool])
    const running = runner.run(task, { workers: 8 }, never)
    await begun
    await runner.cancel(task, 'enough')
    await runner.cancel(task, 'again')
    const report = await running
    expect(report.outcome).toBe('cancelled')
    expect(endOf(report, 'a')).toMatchObject({ state: 'succeeded', value: 1 })
    expect(endOf(report, 'b')).toMatchObject({ state: 'cancelled' })
    expect(endOf(report, 'c')).toMatchObject({ state: 'cancelled' })
    expect(await here.results.read(task)).toHaveLength(1)
  })
})

describe('stopping', () => {
  test('a worker gives its steps back, and the next one has them at once', async () => {
    const opened = await store.open()
    const runner = new TaskRunner({ backend: opened, clock })
    await runner.submit(task, { steps: [{ id: 'a', tool: 'gate' }] })
    const held = gate()
    const begun = held.next()
    const stop = startWorker(opened, [held.tool], { leaseMs: 600_000 })
    const running = runner.run(task, { workers: 8 }, never)
    await begun
    await stop()
    held.open()
    startWorker(opened, [held.tool])
    expect(endOf(await running, 'a')).toMatchObject({ state: 'succeeded', value: 2 })
  })

  test('the leading is no cancel: the next one takes it up, and nothing is done twice', async () => {
    const opened = await store.open()
    const runner = new TaskRunner({ backend: opened, clock })
    const steps = [
      { id: 'a', tool: 'echo', input: 1 },
      { id: 'b', tool: 'gate', after: ['a'] },
      { id: 'c', tool: 'echo', input: { $result: 'a' }, after: ['b'] },
    ]
    await runner.submit(task, { steps })
    const held = gate()
    const begun = held.next()
    startWorker(opened, [echo, held.tool])
    const stop = new AbortController()
    const first = runner.run(task, { workers: 8 }, stop.signal)
    await begun
    stop.abort()
    await expect(first).rejects.toMatchObject({ code: 'CANCELLED' })
    held.open()
    const report = await runner.run(task, { workers: 8 }, never)
    expect(report.outcome).toBe('succeeded')
    expect(endOf(report, 'c')).toMatchObject({ value: 1 })
    expect(held.begun).toHaveLength(1)
    expect(await runner.run(task, { workers: 8 }, never)).toEqual(report)
  })
})

describe('a step whose worker fell silent', () => {
  const interrupted = async (used: Tool): Promise<GraphReport> => {
    const opened = await store.open()
    const runner = new TaskRunner({ backend: opened, clock })
    await runner.submit(task, { steps: [{ id: 'a', tool: used.name }] })
    const running = runner.run(task, { workers: 8 }, never)
    await opened.work.lease({ queue: taskQueue(task), worker: 'dead', most: 1, leaseMs: 1 }, never)
    startWorker(opened, [used])
    return running
  }
  const twice = tool('pay', ({ attempt }) => ({ paid: attempt }))

  test('is done again where that does no harm', async () => {
    const report = await interrupted({ ...twice, idempotent: true })
    expect(endOf(report, 'a')).toMatchObject({ state: 'succeeded', value: { paid: 2 } })
  })

  test('is in doubt where it might, and not done again', async () => {
    expect(endOf(await interrupted(twice), 'a')).toMatchObject({ error: { code: 'IN_DOUBT' } })
  })

  test.each<[Json, boolean]>([
    [{ found: true }, true],
    [{ paid: 2 }, false],
  ])('has the value %j when its tool finds that it was done: %s', async (value, wasDone) => {
    const reconcile = async () => (wasDone ? ({ done: true, value } as const) : ({ done: false } as const))
    expect(endOf(await interrupted({ ...twice, reconcile }), 'a')).toMatchObject({ value })
  })

  test('whose result was stored is only marked as done', async () => {
    const opened = await store.open()
    const runner = new TaskRunner({ backend: opened, clock })
    await runner.submit(task, {
      steps: [
        { id: 'a', tool: 'gate' },
        { id: 'b', tool: 'echo', after: ['a'] },
      ],
    })
    const running = runner.run(task, { workers: 8 }, never)
    const [lease] = await opened.work.lease(
      { queue: taskQueue(task), worker: 'dead', most: 1, leaseMs: 1 },
      never,
    )
    const times = { worker: 'dead/1', attempt: 1, startedAt: 0, endedAt: 0, spent: {} }
    const stored = { ...times, state: 'succeeded', value: 7, add: [] }
    if (lease) await opened.results.put(task, lease.step, stored)
    const held = gate()
    startWorker(opened, [held.tool, echo])
    expect(endOf(await running, 'a')).toMatchObject({ state: 'succeeded', value: 7 })
    expect(held.begun).toHaveLength(0)
  })
})
