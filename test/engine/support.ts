import { type Clock, type StepId, seededRandom, stepId, VirtualClock } from '../../src/core/index.ts'
import {
  type GraphReport,
  type RunComponents,
  type RunOptions,
  runGraph,
  type Slot,
  type Step,
  slots,
  stepGraph,
  WorkerPool,
} from '../../src/engine/index.ts'

export const NEVER = new AbortController().signal

/** A step that sleeps. */
export function sleeper(clock: Clock, id: string, ms: number, after: readonly string[] = []): Step<Slot> {
  return {
    id: stepId(id),
    tool: 'sleep',
    after: after.map(stepId),
    run: async (_context, signal) => {
      await clock.sleep(ms, signal)
      return id
    },
  }
}

export function ids(...names: readonly string[]): StepId[] {
  return names.map(stepId)
}

export interface RunSettings {
  readonly clock?: VirtualClock
  readonly workers?: number
  readonly journal?: NonNullable<RunComponents<Slot>['journal']>
  readonly options?: RunOptions
  readonly signal?: AbortSignal
}

/** Runs the steps in virtual time. */
export function run(steps: readonly Step<Slot>[], settings: RunSettings = {}): Promise<GraphReport> {
  const { clock = new VirtualClock(), workers = 10, journal, options = {}, signal = NEVER } = settings
  const pool = new WorkerPool(slots(clock, workers))
  const components = { clock, pool, random: seededRandom(1), ...(journal && { journal }) }
  return clock.runUntil(runGraph(stepGraph(steps), components, options, signal), { limitMs: 1e7 })
}
