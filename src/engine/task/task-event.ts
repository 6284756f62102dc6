import { type ErrorCode, type StepId, type SwarmId, stepId } from '../../core/index.ts'
import type { Json } from '../backends/json.ts'
import type { RunOutcome } from '../graph-report.ts'
import { BlobRef, type StoredBlob, type Value } from './blob-ref.ts'
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
      /** Of W3C; where whoever submitted it was tracing. */
      readonly traceparent?: string
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

export interface AttemptTimes {
  readonly worker: string
  readonly attempt: number
  readonly startedAt: number
  readonly endedAt: number
  /** By this attempt; by all of them where the tool `resumes`. */
  readonly spent: Amounts
}

/** What a step came to, as the store keeps it, with the attempt that brought it. */
export type StoredResult = AttemptTimes & { /** Of a tool that `resumes`. */ readonly inAll?: true } & (
    | {
        readonly state: 'succeeded'
        /** Either the value, or where it lies. */
        readonly value: Json
        readonly blob?: StoredBlob
        readonly add: readonly StepSpec[]
      }
    | ({ readonly state: 'failed' } & StoredError)
  )

export interface StoredError {
  readonly code: ErrorCode
  readonly message: string
  /** Left out where there are none, or too many. */
  readonly details?: { readonly [key: string]: Json }
}

/** An attempt that has brought no result, and that is not the last one. */
export type StoredAttempt = AttemptTimes & StoredError & { readonly state: 'retried'; readonly step: StepId }

/** Under which an attempt is stored beside the results. No step is called so: ids have no control characters. */
export function attemptKey({ step, attempt }: StoredAttempt): StepId {
  return stepId(`${step}\u001f${attempt}`)
}

export function storedValue({ value, blob }: StoredResult & { readonly state: 'succeeded' }): Value {
  return blob ? new BlobRef(blob) : value
}

/** Only this package writes them, in a database of its own: they are what they say. */
export function taskEvent(json: Json): TaskEvent {
  return json as unknown as TaskEvent
}

export function storedResult(json: Json): StoredResult | StoredAttempt {
  return json as unknown as StoredResult | StoredAttempt
}

export function asJson(value: TaskEvent | StoredResult | StoredAttempt): Json {
  return value as unknown as Json
}
