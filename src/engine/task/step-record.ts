import { type MeshSwarmError, meshSwarmError, type StepId } from '../../core/index.ts'
import type { FinishedStep, StepResult, StepSpan } from '../graph-report.ts'
import type { Value } from './blob-ref.ts'
import type { StoredAttempt, StoredResult } from './task-event.ts'
import type { StepSpec } from './task-spec.ts'

/** Where one step of a task stands. */
export interface StepRecord {
  readonly spec: StepSpec
  readonly followers: StepRecord[]
  /** Steps before it that have not succeeded yet. */
  open: number
  readyAt: number
  /** What it may spend is set aside. */
  granted: boolean
  /** With the values in it, once it is ready. */
  input: Value
  /** The steps that do it for one item each, once they are known. */
  items?: readonly StepId[]
  /** Those before the one that brought the result. */
  readonly attempts: StoredAttempt[]
  stored?: StoredResult
  /** Undefined while it waits, is offered or runs: who does what now is no part of the state. */
  result?: StepResult
}

export function stepRecord(spec: StepSpec): StepRecord {
  return { spec, followers: [], attempts: [], open: 0, readyAt: 0, granted: false, input: null }
}

/** For the figures. What has no result counts as cancelled. */
export function finishedStep(record: StepRecord, cancelled: MeshSwarmError | undefined): FinishedStep {
  const { spec, stored, attempts, items = [] } = record
  const { id } = spec
  const result = record.result ?? {
    state: 'cancelled',
    error: cancelled ?? meshSwarmError('CANCELLED', `Step ${id} has not ended.`),
    attempts: attempts.length,
  }
  const spans = stored ? [...attempts, stored] : attempts
  const after = [...spec.after, ...items]
  return { id, after, state: result.state, spans: spans.map((one) => spanOf(record, one)), result }
}

function spanOf(
  { spec, readyAt, result }: StepRecord,
  { worker, attempt, startedAt, endedAt, state }: StoredAttempt | StoredResult,
): StepSpan {
  const succeeded = state !== 'retried' && result?.state === 'succeeded'
  return { step: spec.id, tool: spec.tool, worker, attempt, readyAt, startedAt, endedAt, succeeded }
}
