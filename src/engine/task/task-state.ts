import { type MeshSwarmError, meshSwarmError, type StepId, type SwarmId } from '../../core/index.ts'
import type { Json } from '../backends/json.ts'
import { type GraphReport, graphReport, outcomeOf } from '../graph-report.ts'
import { sortSteps } from '../step-graph.ts'
import type { FinalStepState } from '../step-state.ts'
import type { Value } from './blob-ref.ts'
import type { Amounts } from './budget.ts'
import { finishedStep } from './step-record.ts'
import type { StepCounts, StoredAttempt, StoredResult, SubTaskOf, TaskEvent } from './task-event.ts'
import { type ReadyStep, TaskGraph, type Wanted } from './task-graph.ts'
import { TASK_TRANSITIONS, type TaskLife } from './task-life.ts'
import type { TaskSpec } from './task-spec.ts'

export interface TaskReport extends GraphReport {
  /** Steps included, all that are there. */
  readonly spent: Amounts
  /**
   * Of the steps that nothing comes after, by their ids: what the task came to. Null for one that has not succeeded, a
   * `BlobRef` for a large value.
   */
  readonly values: Value
}

export interface TaskStatus {
  readonly swarm: SwarmId
  /** As its author called it. */
  readonly name: string | undefined
  readonly createdAt: number
  /** Of the last result, or of the end. */
  readonly changedAt: number
  readonly state: TaskLife
  readonly counts: StepCounts
  /** Undefined where it has no bound. */
  readonly deadline: number | undefined
  readonly parent: SubTaskOf | undefined
}

/**
 * Where a task stands: the fold of its plan events and of its results, and of nothing else. Whoever folds the same,
 * in whatever interleaving of the two, has the same state; results come in the order of the store. Large values are
 * left where they lie, but for those that are `wanted`, which have to be supplied before the next result.
 */
export class TaskState {
  #graph = new TaskGraph({ budget: {}, under: false })
  #parent: SubTaskOf | undefined
  #budget: TaskSpec['budget'] = {}
  #startedAt = 0
  #endedAt = 0
  #created = false
  #name: string | undefined
  #finished: (TaskEvent & { readonly kind: 'finished' }) | undefined
  #cancelled: MeshSwarmError | undefined

  /** When its time is up, where it has a bound. */
  get deadline(): number | undefined {
    const { wallMs } = this.#budget
    return wallMs === undefined ? undefined : this.#startedAt + wallMs
  }

  /** The step whose sub-agents do it; undefined where a person, or a program, has submitted it. */
  get parent(): SubTaskOf | undefined {
    return this.#parent
  }

  /** Nothing is to be done any more, but to say so. */
  get complete(): boolean {
    return this.#created && this.#graph.unfinished === 0
  }

  get finished(): boolean {
    return this.#finished !== undefined
  }

  get life(): TaskLife {
    return this.#finished?.outcome ?? 'unfinished'
  }

  plan(event: TaskEvent): void {
    switch (event.kind) {
      case 'created':
        this.#created = true
        this.#startedAt = event.at
        this.#endedAt = event.at
        this.#name = event.task.name
        this.#parent = event.parent
        this.#budget = event.task.budget
        this.#graph = new TaskGraph({ budget: this.#budget, under: event.parent !== undefined })
        this.#graph.begin(event.task.steps, event.at)
        break
      case 'cancelled':
        if (this.finished) break
        this.#cancelled ??= meshSwarmError(event.code, `The task was cancelled: ${event.reason}`, {
          details: event.code === 'BUDGET_EXCEEDED' ? { budget: 'wallMs', limit: this.#budget.wallMs } : {},
        })
        break
      case 'finished':
        // A second end, of whoever came too late, changes nothing.
        if (!TASK_TRANSITIONS[this.life].includes(event.outcome)) break
        this.#finished = event
        this.#endedAt = event.at
    }
  }

  /** What has to be supplied before anything else is folded. */
  get wanted(): readonly Wanted[] {
    return this.#graph.wanted
  }

  /** A second result of a step changes nothing. Throws INVARIANT for a step that does not exist. */
  result(step: StepId, stored: StoredResult): void {
    if (this.#graph.result(step, stored)) this.#endedAt = Math.max(this.#endedAt, stored.endedAt)
  }

  /** An attempt after which there will be another one. */
  attempt(stored: StoredAttempt): void {
    this.#graph.attempt(stored)
    this.#endedAt = Math.max(this.#endedAt, stored.endedAt)
  }

  /** What was wanted, whole, or why it cannot be had: then the step has failed. */
  supply(wanted: Wanted, value: Json | MeshSwarmError): void {
    this.#graph.supply(wanted, value)
  }

  /** The steps that can be begun since the last call; all of them, where it is the first one. */
  takeReady(): readonly ReadyStep[] {
    const ready = this.#graph.takeReady()
    return this.#cancelled ? [] : ready
  }

  /** Whether there is such a step, and it has not ended. */
  isOpen(step: StepId): boolean {
    const record = this.#graph.find(step)
    return record !== undefined && record.result === undefined
  }

  toolOf(step: StepId): string | undefined {
    return this.#graph.find(step)?.spec.tool
  }

  /** Of a step that has succeeded; null for any other. */
  resultOf(step: StepId): Value {
    return this.#graph.resultOf(step)
  }

  /** The figures, with so many workers at hand. What has no result by now counts as cancelled. */
  report(workers: number): TaskReport {
    const steps = this.#graph.records.map((record) => finishedStep(record, this.#cancelled))
    const figures = graphReport(sortSteps(steps, new Set()), {
      startedAt: this.#startedAt,
      endedAt: this.#endedAt,
      workers,
      cancelled: this.#cancelled !== undefined,
    })
    return { ...figures, spent: this.#graph.spent, values: this.#values() }
  }

  status(swarm: SwarmId): TaskStatus {
    return {
      swarm,
      name: this.#name,
      createdAt: this.#startedAt,
      changedAt: this.#endedAt,
      state: this.life,
      counts: this.#finished?.counts ?? this.#counts(),
      deadline: this.deadline,
      parent: this.#parent,
    }
  }

  /** The event that says that it has ended, as it stands. */
  end(at: number): TaskEvent {
    const results = this.#graph.records.map(({ result }) => result)
    const outcome = outcomeOf(results, this.#cancelled !== undefined)
    return { kind: 'finished', at, outcome, counts: this.#counts() }
  }

  #values(): Value {
    const last = this.#graph.records.filter(({ followers }) => followers.length === 0)
    return Object.fromEntries(last.map(({ spec: { id } }) => [id, this.resultOf(id)]))
  }

  #counts(): StepCounts {
    const ends = this.#graph.records.map(({ result }) => result?.state)
    const count = (state: FinalStepState) => ends.filter((end) => end === state).length
    const [succeeded, failed, skipped] = [count('succeeded'), count('failed'), count('skipped')]
    return { steps: ends.length, succeeded, failed, skipped }
  }
}
