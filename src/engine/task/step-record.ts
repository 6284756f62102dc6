import { type MeshSwarmError, meshSwarmError, type StepId } from '../../core/index.ts'
import type { Json } from '../backends/json.ts'
import type { FinishedStep, StepResult } from '../graph-report.ts'
import type { StoredResult } from './task-event.ts'
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
  input: Json
  /** The steps that do it for one item each, once they are known. */
  items?: readonly StepId[]
  stored?: StoredResult
  /** Undefined while it waits, is offered or runs: who does what now is no part of the state. */
  result?: StepResult
}

export function stepRecord(spec: StepSpec): StepRecord {
  return { spec, followers: [], open: 0, readyAt: 0, granted: false, input: null }
}

/** For the figures. What has no result counts as cancelled. */
export function finishedStep(record: StepRecord, cancelled: MeshSwarmError | undefined): FinishedStep {
  const { spec, stored, readyAt, items = [] } = record
  const { id, tool } = spec
  const result = record.result ?? {
    state: 'cancelled',
    error: cancelled ?? meshSwarmError('CANCELLED', `Step ${id} has not ended.`),
    attempts: 0,
  }
  const succeeded = result.state === 'succeeded'
  const span = stored && {
    ...{ step: id, tool, worker: stored.worker, attempt: stored.attempt, readyAt, succeeded },
    ...{ startedAt: stored.startedAt, endedAt: stored.endedAt },
  }
  const after = [...spec.after, ...items]
  return { id, after, state: result.state, spans: span ? [span] : [], result }
}
