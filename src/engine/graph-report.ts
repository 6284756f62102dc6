import type { MeshSwarmError, StepId } from '../core/index.ts'
import type { FinalStepState } from './step-state.ts'

/** `partial`: some steps succeeded, and some did not. */
export type RunOutcome = 'succeeded' | 'partial' | 'failed' | 'cancelled'

export type StepResult =
  | { readonly state: 'succeeded'; readonly value: unknown; readonly attempts: number }
  | { readonly state: 'failed' | 'cancelled'; readonly error: MeshSwarmError; readonly attempts: number }
  /**
   * `because` is the step before it that did not succeed; the step itself where its condition did not hold. `unmet`:
   * nothing failed, a condition did not hold, its own or that of one before it.
   */
  | {
      readonly state: 'skipped'
      readonly because: StepId
      readonly unmet: boolean
      readonly attempts: 0
    }

/** One attempt: a bar of the Gantt chart. Times are the clock's. */
export interface StepSpan {
  readonly step: StepId
  readonly tool: string
  readonly worker: string
  readonly attempt: number
  readonly readyAt: number
  readonly startedAt: number
  readonly endedAt: number
  readonly succeeded: boolean
}

export interface GraphReport {
  readonly outcome: RunOutcome
  readonly results: ReadonlyMap<StepId, StepResult>
  /** In order of their start. */
  readonly timeline: readonly StepSpan[]
  readonly startedAt: number
  readonly makespanMs: number
  /** What one worker would have needed: the time of all attempts, failed ones included. */
  readonly sequentialMs: number
  readonly criticalPathMs: number
  /** The chain of dependencies with the most work. */
  readonly criticalPath: readonly StepId[]
  /**
   * Critical steps of Kimi K2.5: the sum over stages of the main agent's steps and of the longest sub-agent's.
   * A stage is all steps with equally many before them; the main agent spends one step to start a stage, and a
   * sub-agent as many as it makes attempts there.
   */
  readonly criticalSteps: number
  /** Sequential time / makespan. 1 where nothing took any time. */
  readonly speedUp: number
  /** No order of the steps could have a greater speed-up: min(workers, work / critical path). */
  readonly speedUpBound: number
}

/** What the figures are computed from. Steps come after the ones that they depend on. */
export interface FinishedStep {
  readonly id: StepId
  readonly after: readonly StepId[]
  readonly state: FinalStepState
  readonly spans: readonly StepSpan[]
  readonly result: StepResult
}

export interface RunFrame {
  readonly startedAt: number
  readonly endedAt: number
  readonly workers: number
  readonly cancelled: boolean
}

export function graphReport(steps: readonly FinishedStep[], frame: RunFrame): GraphReport {
  const timeline = steps.flatMap(({ spans }) => spans).sort((a, b) => a.startedAt - b.startedAt)
  const sequentialMs = timeline.reduce((sum, span) => sum + duration(span), 0)
  const makespanMs = frame.endedAt - frame.startedAt
  const { criticalPath, criticalPathMs } = findCriticalPath(steps)
  return Object.freeze({
    outcome: outcomeOf(
      steps.map(({ result }) => result),
      frame.cancelled,
    ),
    results: new Map(steps.map(({ id, result }) => [id, result])),
    timeline,
    startedAt: frame.startedAt,
    makespanMs,
    sequentialMs,
    criticalPathMs,
    criticalPath,
    criticalSteps: countCriticalSteps(steps),
    speedUp: makespanMs > 0 ? sequentialMs / makespanMs : 1,
    speedUpBound: criticalPathMs > 0 ? Math.min(frame.workers, sequentialMs / criticalPathMs) : 1,
  })
}

/** A step without a result has not ended. */
export function outcomeOf(results: readonly (StepResult | undefined)[], cancelled: boolean): RunOutcome {
  const succeeded = results.filter((result) => result?.state === 'succeeded').length
  const unmet = results.filter((result) => result?.state === 'skipped' && result.unmet).length
  if (succeeded + unmet === results.length) return 'succeeded'
  if (cancelled) return 'cancelled'
  return succeeded === 0 ? 'failed' : 'partial'
}

function findCriticalPath(steps: readonly FinishedStep[]) {
  const ends = new Map<StepId, { readonly ms: number; readonly before: StepId | undefined }>()
  let last: StepId | undefined
  let criticalPathMs = 0
  for (const { id, after, spans } of steps) {
    let before: StepId | undefined
    let start = 0
    for (const candidate of after) {
      const end = ends.get(candidate)?.ms ?? 0
      if (before === undefined || end > start) before = candidate
      start = Math.max(start, end)
    }
    const ms = spans.reduce((sum, span) => sum + duration(span), start)
    ends.set(id, { ms, before })
    if (last === undefined || ms > criticalPathMs) last = id
    criticalPathMs = Math.max(criticalPathMs, ms)
  }
  const criticalPath: StepId[] = []
  for (let at = last; at !== undefined; at = ends.get(at)?.before) criticalPath.unshift(at)
  return { criticalPath, criticalPathMs }
}

function countCriticalSteps(steps: readonly FinishedStep[]): number {
  const depths = new Map<StepId, number>()
  const stages: Map<string, number>[] = []
  for (const { id, after, spans } of steps) {
    const depth = after.reduce((deepest, before) => Math.max(deepest, (depths.get(before) ?? 0) + 1), 0)
    depths.set(id, depth)
    stages[depth] ??= new Map()
    const stage = stages[depth]
    for (const { worker } of spans) stage.set(worker, (stage.get(worker) ?? 0) + 1)
  }
  // A stage that nobody started (skipped, cancelled) takes no step.
  return stages.reduce((sum, stage) => sum + (stage.size > 0 ? 1 + Math.max(...stage.values()) : 0), 0)
}

function duration({ startedAt, endedAt }: StepSpan): number {
  return endedAt - startedAt
}
