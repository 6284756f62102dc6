import {
  fromUnknown,
  type MeshSwarmError,
  meshSwarmError,
  type StepId,
  type SwarmId,
} from '../../core/index.ts'
import type { Json } from '../backends/json.ts'
import {
  type FinishedStep,
  type GraphReport,
  graphReport,
  type RunOutcome,
  type StepResult,
} from '../graph-report.ts'
import { checkStepCount, sortSteps } from '../step-graph.ts'
import type { FinalStepState } from '../step-state.ts'
import { type Amounts, budgetExceeded, Ledger, scaled } from './budget.ts'
import { holds, resolveReferences } from './references.ts'
import type { StepCounts, StoredResult, TaskEvent } from './task-event.ts'
import { reservationOf, type StepSpec, type TaskSpec } from './task-spec.ts'

interface StepRecord {
  readonly spec: StepSpec
  readonly followers: StepRecord[]
  /** Steps before it that have not succeeded yet. */
  open: number
  readyAt: number
  granted: boolean
  /** With the values in it, once it is ready. */
  input: Json
  stored?: StoredResult
  /** Undefined while it waits, is offered or runs: who does what now is no part of the state. */
  result?: StepResult
}

/** A step that can be begun. */
export interface ReadyStep {
  readonly spec: StepSpec
  readonly input: Json
}

export interface TaskStatus {
  readonly swarm: SwarmId
  /** As its author called it. */
  readonly name: string | undefined
  readonly createdAt: number
  /** Of the last result, or of the end. */
  readonly changedAt: number
  /** `unfinished`: somebody leads it now, or it waits for somebody who does. */
  readonly state: RunOutcome | 'unfinished'
  readonly counts: StepCounts
  /** Undefined where it has no bound. */
  readonly deadline: number | undefined
}

/**
 * Where a task stands: the fold of its plan events and of its results, and of nothing else. Whoever folds the same,
 * in whatever interleaving of the two, has the same state; results come in the order of the store.
 */
export class TaskState {
  readonly #steps = new Map<StepId, StepRecord>()
  /** Ready, and waiting for what has to be set aside for it, first come, first served. */
  #queue: StepRecord[] = []
  /** To be offered. */
  #granted: StepRecord[] = []
  #ledger = new Ledger({})
  #budget: TaskSpec['budget'] = {}
  #unfinished = 0
  #startedAt = 0
  #endedAt = 0
  #created = false
  #name: string | undefined
  #finished: (TaskEvent & { readonly kind: 'finished' }) | undefined
  #cancelled: MeshSwarmError | undefined

  get created(): boolean {
    return this.#created
  }

  /** Nothing is to be done any more, but to say so. */
  /** When its time is up, where it has a bound. */
  get deadline(): number | undefined {
    const { wallMs } = this.#budget
    return wallMs === undefined ? undefined : this.#startedAt + wallMs
  }

  get spent(): Amounts {
    return this.#ledger.spent
  }

  get complete(): boolean {
    return this.#created && this.#unfinished === 0
  }

  get finished(): boolean {
    return this.#finished !== undefined
  }

  plan(event: TaskEvent): void {
    switch (event.kind) {
      case 'created':
        this.#created = true
        this.#startedAt = event.at
        this.#endedAt = event.at
        this.#name = event.task.name
        this.#budget = event.task.budget
        this.#ledger = new Ledger(event.task.budget)
        this.#admit(event.task.steps, event.at)
        this.#grant()
        break
      case 'cancelled':
        if (this.finished) break
        this.#cancelled ??= meshSwarmError(event.code, `The task was cancelled: ${event.reason}`)
        break
      case 'finished':
        this.#finished ??= event
        this.#endedAt = event.at
    }
  }

  /** A second result of a step changes nothing. Throws INVARIANT for a step that does not exist. */
  result(step: StepId, stored: StoredResult): void {
    const record = this.#steps.get(step)
    if (!record) throw meshSwarmError('INVARIANT', `A result of ${step}, which is no step of the task.`)
    if (record.result) return
    record.stored = stored
    this.#endedAt = Math.max(this.#endedAt, stored.endedAt)
    this.#settle(record, stored)
    this.#conclude(record, stored)
    this.#grant()
  }

  /** The steps that can be begun since the last call; all of them, where it is the first one. */
  takeReady(): readonly ReadyStep[] {
    const granted = this.#cancelled ? [] : this.#granted.filter(({ result }) => !result)
    this.#granted = []
    return granted.map(({ spec, input }) => ({ spec, input }))
  }

  /** Of a step that has succeeded. */
  resultOf(step: StepId): Json {
    const stored = this.#steps.get(step)?.stored
    return stored?.state === 'succeeded' ? stored.value : null
  }

  /** The figures, with so many workers at hand. What has no result by now counts as cancelled. */
  report(workers: number): GraphReport {
    const steps = [...this.#steps.values()].map((record) => this.#finishedStep(record))
    return graphReport(steps, {
      startedAt: this.#startedAt,
      endedAt: this.#endedAt,
      workers,
      cancelled: this.#cancelled !== undefined,
    })
  }

  status(swarm: SwarmId): TaskStatus {
    return {
      swarm,
      name: this.#name,
      createdAt: this.#startedAt,
      changedAt: this.#endedAt,
      state: this.#finished?.outcome ?? 'unfinished',
      counts: this.#finished?.counts ?? this.#counts(),
      deadline: this.deadline,
    }
  }

  /** The event that says that it has ended, as it stands. */
  end(at: number): TaskEvent {
    return { kind: 'finished', at, outcome: this.report(1).outcome, counts: this.#counts() }
  }

  #counts(): StepCounts {
    const ends = [...this.#steps.values()].map(({ result }) => result?.state)
    const count = (state: FinalStepState) => ends.filter((end) => end === state).length
    const [succeeded, failed, skipped] = [count('succeeded'), count('failed'), count('skipped')]
    return { steps: ends.length, succeeded, failed, skipped }
  }

  #settle({ spec, granted }: StepRecord, { spent, attempt }: StoredResult): void {
    // What an attempt before this one has spent nobody knows: at most its all.
    const before = scaled(spec.budget, Math.min(attempt - 1, spec.retries))
    this.#ledger.settle(granted ? reservationOf(spec) : {}, before)
    this.#ledger.settle({}, spent)
  }

  #conclude(record: StepRecord, stored: StoredResult): void {
    if (stored.state === 'failed') {
      this.#fail(record, meshSwarmError(stored.code, stored.message))
      return
    }
    try {
      this.#add(record.spec.id, stored)
    } catch (thrown) {
      this.#fail(record, fromUnknown(thrown))
      return
    }
    this.#end(record, { state: 'succeeded', value: stored.value, attempts: stored.attempt })
    for (const follower of record.followers) {
      if (!follower.result && --follower.open === 0) this.#makeReady(follower, stored.endedAt)
    }
  }

  /**
   * Sets aside what the next ones need. After each result and not when somebody asks, so that whoever folds the same
   * has granted the same.
   */
  #grant(): void {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      try {
        if (!next.result && !this.#ledger.reserve(reservationOf(next.spec))) return
        next.granted = true
        this.#granted.push(next)
      } catch (thrown) {
        this.#fail(next, fromUnknown(thrown))
      }
      this.#queue.shift()
    }
  }

  #admit(specs: readonly StepSpec[], at: number): void {
    this.#unfinished += specs.length
    for (const spec of specs) {
      const record: StepRecord = { spec, followers: [], open: 0, readyAt: 0, granted: false, input: null }
      this.#steps.set(spec.id, record)
      this.#link(record)
    }
    for (const { id } of specs) {
      const record = this.#steps.get(id)
      if (record && record.open === 0 && !record.result) this.#makeReady(record, at)
    }
  }

  #link(record: StepRecord): void {
    for (const before of record.spec.after) {
      const other = this.#steps.get(before)
      if (!other || other.result?.state === 'succeeded') continue
      if (other.result) {
        this.#skip(record, before)
        return
      }
      other.followers.push(record)
      record.open++
    }
  }

  /** What a step has added comes after it. */
  #add(by: StepId, { add, endedAt }: StoredResult & { state: 'succeeded' }): void {
    if (add.length === 0) return
    checkStepCount(this.#unfinished - 1 + add.length)
    const { steps: most = Number.POSITIVE_INFINITY } = this.#budget
    if (this.#steps.size + add.length > most)
      throw budgetExceeded('steps', most, this.#steps.size, add.length)
    const behind = add.map((spec) => ({ ...spec, after: [...new Set([by, ...spec.after])] }))
    this.#admit(sortSteps(behind, new Set(this.#steps.keys())), endedAt)
  }

  #makeReady(record: StepRecord, at: number): void {
    const { id, input, when } = record.spec
    const resultOf = (step: StepId) => this.resultOf(step)
    record.readyAt = at
    try {
      if (when && !holds(when, resultOf)) this.#skip(record, id)
      else {
        record.input = resolveReferences(input, resultOf)
        this.#queue.push(record)
      }
    } catch (thrown) {
      this.#fail(record, fromUnknown(thrown))
    }
  }

  #fail(record: StepRecord, error: MeshSwarmError): void {
    const attempts = record.stored?.attempt ?? 1
    this.#end(record, { state: 'failed', error, attempts })
    for (const follower of record.followers) this.#skip(follower, record.spec.id)
  }

  #skip(record: StepRecord, because: StepId): void {
    if (record.result) return
    this.#end(record, { state: 'skipped', because, attempts: 0 })
    for (const follower of record.followers) this.#skip(follower, record.spec.id)
  }

  #end(record: StepRecord, result: StepResult): void {
    record.result = result
    this.#unfinished--
  }

  #finishedStep({ spec, stored, result, readyAt }: StepRecord): FinishedStep {
    const { id, after, tool } = spec
    const end = result ?? this.#notEnded(id)
    const state: FinalStepState = end.state
    const span = stored && {
      ...{ step: id, tool, worker: stored.worker, attempt: stored.attempt, readyAt },
      ...{ startedAt: stored.startedAt, endedAt: stored.endedAt, succeeded: end.state === 'succeeded' },
    }
    return { id, after, state, spans: span ? [span] : [], result: end }
  }

  #notEnded(step: StepId): StepResult {
    const error = this.#cancelled ?? meshSwarmError('CANCELLED', `Step ${step} has not ended.`)
    return { state: 'cancelled', error, attempts: 0 }
  }
}
