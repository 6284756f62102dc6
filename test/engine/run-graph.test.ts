import { afterEach, describe, expect, it } from 'vitest'
import { meshSwarmError, stepId, VirtualClock } from '../../src/core/index.ts'
import type { EngineEvent, Slot, Step } from '../../src/engine/index.ts'
import { MemoryJournal } from '../../src/store/index.ts'
import { recordSpans, stopRecording } from '../telemetry/spans.ts'
import { ids, run, sleeper } from './support.ts'

const fails = (id: string, after: readonly string[] = [], error: unknown = new Error('no')): Step<Slot> => ({
  id: stepId(id),
  tool: 'fail',
  after: after.map(stepId),
  run: () => {
    throw error
  },
})

afterEach(stopRecording)

it('is a trace with a span for each attempt, where somebody traces', async () => {
  const recorded = recordSpans()
  const clock = new VirtualClock()
  let attempts = 0
  const shaky: Step<Slot> = {
    ...{ id: stepId('shaky'), tool: 'call', retries: 1 },
    run: () => {
      attempts += 1
      if (attempts === 1) throw meshSwarmError('UNAVAILABLE', 'not yet')
    },
  }
  await run([shaky, sleeper(clock, 'after', 5, ['shaky'])], { clock })
  expect(recorded.tree()).toEqual([
    'invoke_workflow',
    '  execute_tool call',
    '  execute_tool call !UNAVAILABLE',
    '  execute_tool sleep',
  ])
})

describe('failure', () => {
  it('skips what comes after a failed step, names the step it hangs on, and touches no sibling', async () => {
    const clock = new VirtualClock()
    const report = await run(
      [
        fails('bad'),
        sleeper(clock, 'good', 10),
        sleeper(clock, 'after bad', 1, ['bad', 'good']),
        sleeper(clock, 'after that', 1, ['after bad']),
        sleeper(clock, 'after good', 5, ['good']),
      ],
      { clock },
    )
    expect(report.outcome).toBe('partial')
    expect(report.results.get(stepId('bad'))).toMatchObject({ state: 'failed', error: { code: 'INVARIANT' } })
    expect(report.results.get(stepId('good'))).toEqual({ state: 'succeeded', value: 'good', attempts: 1 })
    expect(report.results.get(stepId('after bad'))).toEqual({
      state: 'skipped',
      because: 'bad',
      unmet: false,
      attempts: 0,
    })
    expect(report.results.get(stepId('after that'))).toMatchObject({ state: 'skipped', because: 'after bad' })
    expect(report.results.get(stepId('after good'))).toMatchObject({ state: 'succeeded' })
    expect(report.makespanMs).toBe(15)
  })

  it('retries a retryable error only, as often as the step says, with a growing jittered wait', async () => {
    const clock = new VirtualClock()
    const starts: number[] = []
    const flaky = (id: string, code: 'UNAVAILABLE' | 'CONFLICT', good: number): Step<Slot> => ({
      id: stepId(id),
      tool: 'flaky',
      retries: 3,
      run: ({ attempt }) => {
        if (id === 'long') starts.push(clock.now())
        if (attempt < good) throw meshSwarmError(code, 'not now')
        return attempt
      },
    })
    const steps = [
      flaky('short', 'UNAVAILABLE', 3),
      flaky('long', 'UNAVAILABLE', 9),
      flaky('never', 'CONFLICT', 2),
    ]
    const report = await run(steps, { clock })
    expect(report.results.get(stepId('short'))).toEqual({ state: 'succeeded', value: 3, attempts: 3 })
    expect(report.results.get(stepId('long'))).toMatchObject({ state: 'failed', attempts: 4 })
    expect(report.results.get(stepId('never'))).toMatchObject({ state: 'failed', attempts: 1 })
    const waits = starts.slice(1).map((at, i) => at - (starts[i] ?? 0))
    for (const [i, wait] of waits.entries()) expect(wait).toBeLessThanOrEqual(100 * 2 ** i)
    expect(new Set(waits).size).toBe(3)
    expect(report.timeline.filter(({ step }) => step === 'long').map(({ attempt }) => attempt)).toEqual([
      1, 2, 3, 4,
    ])
  })

  it('waits at least as long as the error asks for', async () => {
    const clock = new VirtualClock()
    const error = meshSwarmError('UNAVAILABLE', 'busy', { retryAfterMs: 5000 })
    const report = await run([{ ...fails('a', [], error), retries: 1 }], { clock })
    expect(report.makespanMs).toBeGreaterThanOrEqual(5000)
  })
})

describe('time-out', () => {
  it('aborts a step after its time, which fails with TIMEOUT; time in the queue does not count', async () => {
    const clock = new VirtualClock()
    const slow = { ...sleeper(clock, 'slow', 500), timeoutMs: 100 }
    const steps = [slow, { ...sleeper(clock, 'queued', 90), timeoutMs: 100 }]
    const report = await run(steps, { clock, workers: 1 })
    expect(report.results.get(stepId('slow'))).toMatchObject({ state: 'failed', error: { code: 'TIMEOUT' } })
    expect(report.results.get(stepId('queued'))).toMatchObject({ state: 'succeeded' })
    expect(report.makespanMs).toBe(190)
  })

  it('gives up a step that ignores its signal after the grace, without a retry, and keeps its worker out', async () => {
    const clock = new VirtualClock()
    const stubborn = { ...sleeper(clock, 'stubborn', 0), timeoutMs: 100, graceMs: 50, retries: 5 }
    const deaf: Step<Slot> = { ...stubborn, run: () => clock.sleep(1000) }
    const report = await run([deaf, sleeper(clock, 'next', 10)], { clock, workers: 1 })
    expect(report.results.get(stepId('stubborn'))).toMatchObject({ error: { code: 'TIMEOUT' }, attempts: 1 })
    expect(report.timeline.map(({ startedAt, endedAt }) => [startedAt, endedAt])).toEqual([
      [0, 150],
      [1000, 1010],
    ])
  })
})

describe('cancel', () => {
  it('reaches running, queued, waiting and backing-off steps, and keeps what was done', async () => {
    const clock = new VirtualClock()
    const controller = new AbortController()
    clock.after(50, () => controller.abort())
    const steps = [
      sleeper(clock, 'done', 10),
      sleeper(clock, 'running', 1000),
      { ...fails('backing-off', [], meshSwarmError('UNAVAILABLE', 'x', { retryAfterMs: 500 })), retries: 1 },
      sleeper(clock, 'second', 1000, ['done']),
      sleeper(clock, 'queued', 10, ['done']),
      sleeper(clock, 'waiting', 10, ['running']),
      sleeper(clock, 'waiting too', 10, ['waiting']),
    ]
    const report = await run(steps, { clock, workers: 2, signal: controller.signal })
    expect(report.outcome).toBe('cancelled')
    expect(report.makespanMs).toBe(50)
    expect([...report.results.values()].map(({ state }) => state)).toEqual([
      'succeeded',
      ...Array(6).fill('cancelled'),
    ])
  })

  it('before the start: nothing is started', async () => {
    const report = await run([sleeper(new VirtualClock(), 'a', 1)], { signal: AbortSignal.abort() })
    expect(report).toMatchObject({ outcome: 'cancelled', timeline: [] })
  })
})

describe('steps that add steps', () => {
  it('runs them after the one that added them, which may hand values down', async () => {
    const clock = new VirtualClock()
    const child = (id: string, after: readonly string[] = []): Step<Slot> => ({
      ...sleeper(clock, id, 10, after),
      run: ({ resultOf }) => `${id} of ${resultOf(stepId('parent'))}`,
    })
    const parent: Step<Slot> = {
      ...sleeper(clock, 'parent', 10),
      run: (context) => {
        context.add([child('one')])
        context.add([child('two', ['one'])])
        return 'parent'
      },
    }
    const report = await run([parent, sleeper(clock, 'other', 100)], { clock })
    expect(report.outcome).toBe('succeeded')
    expect(report.results.get(stepId('two'))).toMatchObject({ value: 'two of parent' })
  })

  it('drops them where the attempt fails, and adds them once where a later one succeeds', async () => {
    const clock = new VirtualClock()
    const parent: Step<Slot> = {
      ...sleeper(clock, 'parent', 10),
      retries: 1,
      run: ({ add, attempt }) => {
        add([sleeper(clock, 'child', 1)])
        if (attempt === 1) throw meshSwarmError('UNAVAILABLE', 'again')
      },
    }
    const report = await run([parent], { clock, options: { maxSteps: 2 } })
    expect([...report.results.keys()]).toEqual(ids('parent', 'child'))
  })

  it('holds places for unfinished steps only: a chain that makes itself may be longer than the limit', async () => {
    const clock = new VirtualClock()
    const link = (n: number): Step<Slot> => ({
      ...sleeper(clock, `link ${n}`, 1),
      run: ({ add }) => n < 50 && add([link(n + 1)]),
    })
    const report = await run([link(1)], { clock, options: { maxSteps: 2 } })
    expect(report.outcome).toBe('succeeded')
    expect(report.results.size).toBe(50)
  })

  it('refuses unsound steps, steps over the limit, and steps of an attempt that has ended', async () => {
    const clock = new VirtualClock()
    let late: (() => void) | undefined
    const parent: Step<Slot> = {
      ...sleeper(clock, 'parent', 10),
      run: ({ add, resultOf }) => {
        late = () => add([sleeper(clock, 'late', 1)])
        expect(() => add([sleeper(clock, 'parent', 1)])).toThrow('Two steps are called parent')
        expect(() => add([sleeper(clock, 'x', 1, ['nobody'])])).toThrow('does not exist')
        expect(() => add([sleeper(clock, 'x', 1, ['y']), sleeper(clock, 'y', 1, ['x'])])).toThrow(
          'each other',
        )
        expect(() => resultOf(stepId('other'))).toThrow('does not come after')
        add([sleeper(clock, 'x', 1)])
        expect(() => add([sleeper(clock, 'y', 1)])).toThrow(
          expect.objectContaining({ code: 'STEP_LIMIT_EXCEEDED' }),
        )
      },
    }
    const report = await run([parent, sleeper(clock, 'other', 50)], { clock, options: { maxSteps: 3 } })
    expect(report.outcome).toBe('succeeded')
    expect(late).toThrow('adds no steps any more')
  })
})

describe('journal', () => {
  it('holds the start of a step before it runs and its end before those after it, and tells the whole story', async () => {
    const clock = new VirtualClock()
    const journal = new MemoryJournal<EngineEvent>({ clock })
    const seen: number[] = []
    const look = (id: string, after: readonly string[] = []): Step<Slot> => ({
      ...sleeper(clock, id, 1, after),
      run: () => {
        seen.push([...journal.read()].length)
      },
    })
    await run([look('a'), look('b', ['a']), fails('c', ['b']), look('d', ['c'])], { clock, journal })
    expect(seen).toEqual([2, 4])
    expect([...journal.read()].map((e) => ('step' in e ? `${e.kind} ${e.step}` : e.kind))).toEqual([
      'graph-started',
      'step-started a',
      'step-finished a',
      'step-started b',
      'step-finished b',
      'step-started c',
      'step-finished c',
      'step-finished d',
      'graph-finished',
    ])
  })

  it('stops the run where it fails: no step runs whose start is not on record', async () => {
    const clock = new VirtualClock()
    let ran = 0
    let appends = 0
    const journal = {
      append: async () => {
        if (++appends > 2) throw meshSwarmError('UNAVAILABLE', 'disk full')
      },
    }
    const count = (id: string, after: readonly string[] = []): Step<Slot> => ({
      ...sleeper(clock, id, 1, after),
      run: () => {
        ran++
      },
    })
    const work = run([count('a'), count('b', ['a'])], { clock, journal })
    await expect(work).rejects.toMatchObject({ code: 'UNAVAILABLE', message: 'disk full' })
    expect(ran).toBe(1)
  })
})
