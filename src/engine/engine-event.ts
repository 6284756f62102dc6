import type { ErrorCode, StepId, TaskId } from '../core/index.ts'
import type { RunOutcome } from './graph-report.ts'
import type { FinalStepState } from './step-state.ts'

export interface JournaledStep {
  readonly id: StepId
  readonly tool: string
  readonly after: readonly StepId[]
}

/** What a run leaves in the journal: each is durable before what it tells has consequences. */
export type EngineEvent =
  | { readonly kind: 'graph-started'; readonly run: TaskId; readonly steps: readonly JournaledStep[] }
  | {
      readonly kind: 'steps-added'
      readonly run: TaskId
      readonly by: StepId
      readonly steps: readonly JournaledStep[]
    }
  | {
      readonly kind: 'step-started'
      readonly run: TaskId
      readonly step: StepId
      readonly attempt: number
      readonly worker: string
    }
  | {
      readonly kind: 'step-retrying'
      readonly run: TaskId
      readonly step: StepId
      readonly attempt: number
      readonly error: JournaledError
      readonly inMs: number
    }
  | {
      readonly kind: 'step-finished'
      readonly run: TaskId
      readonly step: StepId
      readonly state: FinalStepState
      readonly error?: JournaledError
    }
  | { readonly kind: 'graph-finished'; readonly run: TaskId; readonly outcome: RunOutcome }

export interface JournaledError {
  readonly code: ErrorCode
  readonly message: string
}
