import type { ErrorCode, StepId, SwarmId } from '../../core/index.ts'
import type { Json } from '../backends/json.ts'
import type { RunOutcome } from '../graph-report.ts'
import type { Amounts } from './budget.ts'
import type { StepSpec, TaskSpec } from './task-spec.ts'

/** What stands in the plan log of a task. */
export type TaskEvent =
  | {
      readonly kind: 'created'
      readonly at: number
      readonly task: TaskSpec
      /** Where the sub-agents of a step do it. */
      readonly parent?: SubTaskOf
    }
  | {
      readonly kind: 'cancelled'
      readonly at: number
      readonly code: 'CANCELLED' | 'BUDGET_EXCEEDED'
      readonly reason: string
    }
  | {
      readonly kind: 'finished'
      readonly at: number
      readonly outcome: RunOutcome
      /** So that a list of tasks need not read their results. */
      readonly counts: StepCounts
    }

export interface SubTaskOf {
  readonly swarm: SwarmId
  readonly step: StepId
}

export interface StepCounts {
  readonly steps: number
  readonly succeeded: number
  readonly failed: number
  /** Because a step before it did not succeed, or a condition did not hold. */
  readonly skipped: number
}

/** The attempt that brought the result. */
export interface StepTimes {
  readonly worker: string
  readonly attempt: number
  readonly startedAt: number
  readonly endedAt: number
  /** By this attempt. */
  readonly spent: Amounts
}

/** What a step came to, as the store keeps it. */
export type StoredResult = StepTimes &
  (
    | { readonly state: 'succeeded'; readonly value: Json; readonly add: readonly StepSpec[] }
    | { readonly state: 'failed'; readonly code: ErrorCode; readonly message: string }
  )

/** Only this package writes them, in a database of its own: they are what they say. */
export function taskEvent(json: Json): TaskEvent {
  return json as unknown as TaskEvent
}

export function storedResult(json: Json): StoredResult {
  return json as unknown as StoredResult
}

export function asJson(value: TaskEvent | StoredResult): Json {
  return value as unknown as Json
}
