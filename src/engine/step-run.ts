import { type MeshSwarmError, meshSwarmError, type StepId } from '../core/index.ts'
import type { FinishedStep, StepResult, StepSpan } from './graph-report.ts'
import type { Step } from './step-graph.ts'
import { canMove, type FinalStepState, isFinal, type StepState } from './step-state.ts'
import type { Worker } from './worker.ts'

/** Where one step of a run stands. */
export class StepRun<W extends Worker> {
  readonly step: Step<W>
  readonly after: readonly StepId[]
  readonly followers: StepRun<W>[] = []
  readonly spans: StepSpan[] = []
  /** Steps before it that have not succeeded yet. */
  open = 0
  attempts = 0
  readyAt = 0
  #state: StepState = 'waiting'
  #result: StepResult | undefined

  constructor(step: Step<W>) {
    this.step = step
    this.after = step.after ?? []
  }

  get id(): StepId {
    return this.step.id
  }

  get state(): StepState {
    return this.#state
  }

  get value(): unknown {
    return this.#result?.state === 'succeeded' ? this.#result.value : undefined
  }

  /** Throws INVARIANT for a move that the table does not allow. */
  move(to: StepState): void {
    if (!canMove(this.#state, to)) {
      throw meshSwarmError('INVARIANT', `Step ${this.id} cannot go from ${this.#state} to ${to}.`)
    }
    this.#state = to
  }

  succeed(value: unknown): void {
    this.move('succeeded')
    this.#result = { state: 'succeeded', value, attempts: this.attempts }
  }

  fail(state: 'failed' | 'cancelled', error: MeshSwarmError): void {
    this.move(state)
    this.#result = { state, error, attempts: this.attempts }
  }

  skip(because: StepId): void {
    this.move('skipped')
    this.#result = { state: 'skipped', because, unmet: false, attempts: 0 }
  }

  finished(): FinishedStep {
    const result = this.#result
    if (!result || !isFinal(this.#state)) {
      throw meshSwarmError('INVARIANT', `Step ${this.id} is ${this.#state} at the end of its run.`)
    }
    const state: FinalStepState = this.#state
    return { id: this.id, after: this.after, state, spans: this.spans, result }
  }
}
