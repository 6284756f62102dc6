import fc from 'fast-check'
import { expect, it } from 'vitest'
import { meshSwarmError, stepId, VirtualClock } from '../../src/core/index.ts'
import type { Slot, Step } from '../../src/engine/index.ts'
import { run } from './support.ts'

interface Plan {
  readonly durations: readonly {
    readonly ms: number
    readonly after: readonly number[]
    readonly fails: boolean
  }[]
  readonly workers: number
  readonly cancelAt: number | undefined
}

/** Any graph: step i comes after some of the steps before it; the list is handed over in any order. */
const plans: fc.Arbitrary<Plan> = fc.record({
  durations: fc.array(
    fc.record({
      ms: fc.integer({ min: 0, max: 50 }),
      after: fc.array(fc.nat({ max: 1000 }), { maxLength: 3 }),
      fails: fc.boolean(),
    }),
    { minLength: 1, maxLength: 40 },
  ),
  workers: fc.integer({ min: 1, max: 100 }),
  cancelAt: fc.option(fc.integer({ min: 0, max: 300 }), { nil: undefined }),
})

const RUNS = { numRuns: 60 }

/** Runs the plan and looks on. */
async function play({ durations, workers, cancelAt }: Plan, mayFail: boolean) {
  const clock = new VirtualClock()
  const controller = new AbortController()
  const started: string[] = []
  const running = new Set<string>()
  const startedAfterAbort: string[] = []
  let most = 0
  const steps: Step<Slot>[] = durations.map(({ ms, after, fails }, i) => ({
    id: stepId(`s${i}`),
    tool: 'sleep',
    after: i === 0 ? [] : [...new Set(after)].map((n) => stepId(`s${n % i}`)),
    run: async (_context, signal) => {
      const id = `s${i}`
      started.push(id)
      running.add(id)
      most = Math.max(most, running.size)
      if (controller.signal.aborted) startedAfterAbort.push(id)
      try {
        await clock.sleep(ms, signal)
        if (mayFail && fails) throw meshSwarmError('CONFLICT', 'told to')
      } finally {
        running.delete(id)
      }
    },
  }))
  if (cancelAt !== undefined) clock.after(cancelAt, () => controller.abort())
  const report = await run(steps.toReversed(), { clock, workers, signal: controller.signal })
  return { report, steps, started, running, most, startedAfterAbort }
}

it('runs every step exactly once, each after all that it depends on, on no more workers than there are', () =>
  fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const { report, steps, started, most } = await play({ ...plan, cancelAt: undefined }, false)
      expect(report.outcome).toBe('succeeded')
      expect([...started].sort()).toEqual(steps.map(({ id }) => id as string).sort())
      expect(most).toBeLessThanOrEqual(plan.workers)
      const spans = new Map(report.timeline.map((span) => [span.step, span]))
      for (const { id, after = [] } of steps) {
        for (const before of after) {
          expect(spans.get(before)?.endedAt).toBeLessThanOrEqual(spans.get(id)?.startedAt ?? -1)
        }
      }
    }),
    RUNS,
  ))

it('is never slower than Graham allows, nor faster than the bound: work / workers + critical path', () =>
  fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const { report } = await play({ ...plan, cancelAt: undefined }, false)
      const { makespanMs, sequentialMs, criticalPathMs, speedUp, speedUpBound } = report
      expect(makespanMs).toBeLessThanOrEqual(sequentialMs / plan.workers + criticalPathMs + 1e-9)
      expect(speedUp).toBeLessThanOrEqual(speedUpBound + 1e-9)
    }),
    RUNS,
  ))

it('after failures: a step ran if and only if all before it succeeded; no worker does two things at once', () =>
  fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const { report, steps } = await play({ ...plan, cancelAt: undefined }, true)
      for (const { id, after = [] } of steps) {
        const ready = after.every((before) => report.results.get(before)?.state === 'succeeded')
        expect(report.results.get(id)?.state === 'skipped').toBe(!ready)
      }
      const lastEnd = new Map<string, number>()
      for (const { worker, startedAt, endedAt } of report.timeline) {
        expect(startedAt).toBeGreaterThanOrEqual(lastEnd.get(worker) ?? 0)
        lastEnd.set(worker, endedAt)
      }
    }),
    RUNS,
  ))

it('a cancel at any time ends the run at once, leaves nothing running and starts nothing more', () =>
  fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const { report, running, startedAfterAbort } = await play(plan, true)
      expect(running).toEqual(new Set())
      expect(startedAfterAbort).toEqual([])
      expect(report.makespanMs).toBeLessThanOrEqual(plan.cancelAt ?? Number.POSITIVE_INFINITY)
      for (const { state } of report.results.values()) {
        expect(['succeeded', 'failed', 'cancelled', 'skipped']).toContain(state)
      }
    }),
    RUNS,
  ))
