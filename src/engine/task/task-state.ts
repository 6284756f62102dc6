import {
  fromUnknown,
  MeshSwarmError,
  meshSwarmError,
  type StepId,
  type SwarmId,
  stepId,
} from '../../core/index.ts'
import type { Json } from '../backends/json.ts'
import { type GraphReport, graphReport, outcomeOf, type StepResult } from '../graph-report.ts'
import { checkStepCount, sortSteps } from '../step-graph.ts'
import type { FinalStepState } from '../step-state.ts'
import { Admission } from './admission.ts'
import { hasBlobs, type Value } from './blob-ref.ts'
import { type Amounts, budgetExceeded } from './budget.ts'
import { holds, resolveReferences } from './references.ts'
import { finishedStep, type StepRecord, stepRecord } from './step-record.ts'
import {
  type StepCounts,
  type StoredAttempt,
  type StoredResult,
  type SubTaskOf,
  storedValue,
  type TaskEvent,
} from './task-event.ts'
import { TASK_TRANSITIONS, type TaskLife } from './task-life.ts'
import { checkQueues, type StepSpec, type TaskSpec } from './task-spec.ts'

/** A step that can be begun. */
export interface ReadyStep {
  readonly spec: StepSpec
  readonly input: Value
}

/** A large value that says whether, or how often, a step is done: the fold goes on when it has been supplied. */
export interface Wanted {
  readonly step: StepId
  readonly value: Value
}

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
  readonly #steps = new Map<StepId, StepRecord>()
  #wanted: (Wanted & { readonly at: number })[] = []
  #parent: SubTaskOf | undefined
  #admission = new Admission({})
  #budget: TaskSpec['budget'] = {}
  #unfinished = 0
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

  /** Steps included, all that are there. */
  get spent(): Amounts {
    return this.#admission.spent
  }

  /** The step whose sub-agents do it; undefined where a person, or a program, has submitted it. */
  get parent(): SubTaskOf | undefined {
    return this.#parent
  }

  /** Nothing is to be done any more, but to say so. */
  get complete(): boolean {
    return this.#created && this.#unfinished === 0
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
        this.#admission = new Admission(event.task.budget)
        this.#admit(event.task.steps, event.at)
        this.#grant()
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
    return this.#wanted
  }

  /** A second result of a step changes nothing. Throws INVARIANT for a step that does not exist. */
  result(step: StepId, stored: StoredResult): void {
    const record = this.#record(step)
    if (record.result) return
    record.stored = stored
    this.#endedAt = Math.max(this.#endedAt, stored.endedAt)
    this.#admission.settle(record, stored)
    this.#conclude(record, stored)
    this.#grant()
  }

  /** An attempt after which there will be another one. */
  attempt(stored: StoredAttempt): void {
    const { attempts } = this.#record(stored.step)
    this.#endedAt = Math.max(this.#endedAt, stored.endedAt)
    if (!attempts.some(({ attempt }) => attempt === stored.attempt)) attempts.push(stored)
  }

  /** What was wanted, whole, or why it cannot be had: then the step has failed. */
  supply({ step }: Wanted, value: Json | MeshSwarmError): void {
    const record = this.#record(step)
    const wanted = this.#wanted.find((one) => one.step === step)
    this.#wanted = this.#wanted.filter((one) => one !== wanted)
    if (!wanted || record.result) return
    if (value instanceof MeshSwarmError) this.#fail(record, value)
    else this.#begin(record, value, wanted.at)
    this.#grant()
  }

  /** The steps that can be begun since the last call; all of them, where it is the first one. */
  takeReady(): readonly ReadyStep[] {
    const granted = this.#admission.takeGranted()
    return this.#cancelled ? [] : granted.map(({ spec, input }) => ({ spec, input }))
  }

  /** Whether there is such a step, and it has not ended. */
  isOpen(step: StepId): boolean {
    const record = this.#steps.get(step)
    return record !== undefined && record.result === undefined
  }

  toolOf(step: StepId): string | undefined {
    return this.#steps.get(step)?.spec.tool
  }

  /** Of a step that has succeeded; null for any other. */
  resultOf(step: StepId): Value {
    const result = this.#steps.get(step)?.result
    return result?.state === 'succeeded' ? (result.value as Value) : null
  }

  /** The figures, with so many workers at hand. What has no result by now counts as cancelled. */
  report(workers: number): TaskReport {
    const steps = [...this.#steps.values()].map((record) => finishedStep(record, this.#cancelled))
    const figures = graphReport(sortSteps(steps, new Set()), {
      startedAt: this.#startedAt,
      endedAt: this.#endedAt,
      workers,
      cancelled: this.#cancelled !== undefined,
    })
    return { ...figures, spent: this.spent, values: this.#values() }
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
    const results = [...this.#steps.values()].map(({ result }) => result)
    const outcome = outcomeOf(results, this.#cancelled !== undefined)
    return { kind: 'finished', at, outcome, counts: this.#counts() }
  }

  #record(step: StepId): StepRecord {
    const record = this.#steps.get(step)
    if (!record) throw meshSwarmError('INVARIANT', `A result of ${step}, which is no step of the task.`)
    return record
  }

  #values(): Value {
    const last = [...this.#steps.values()].filter(({ followers }) => followers.length === 0)
    return Object.fromEntries(last.map(({ spec: { id } }) => [id, this.resultOf(id)]))
  }

  #counts(): StepCounts {
    const ends = [...this.#steps.values()].map(({ result }) => result?.state)
    const count = (state: FinalStepState) => ends.filter((end) => end === state).length
    const [succeeded, failed, skipped] = [count('succeeded'), count('failed'), count('skipped')]
    return { steps: ends.length, succeeded, failed, skipped }
  }

  #conclude(record: StepRecord, stored: StoredResult): void {
    if (stored.state === 'failed') {
      this.#fail(record, meshSwarmError(stored.code, stored.message, { details: stored.details }))
      return
    }
    try {
      this.#add(record.spec.id, stored)
    } catch (thrown) {
      this.#fail(record, fromUnknown(thrown))
      return
    }
    this.#succeed(record, storedValue(stored), stored.attempt, stored.endedAt)
  }

  #succeed(record: StepRecord, value: Value, attempts: number, at: number): void {
    this.#end(record, { state: 'succeeded', value, attempts })
    for (const follower of record.followers) {
      if (!follower.result && --follower.open === 0) this.#makeReady(follower, at)
    }
  }

  #grant(): void {
    this.#admission.grant((record, error) => this.#fail(record, fromUnknown(error)))
  }

  #admit(specs: readonly StepSpec[], at: number): void {
    this.#unfinished += specs.length
    this.#admission.count(specs.length)
    for (const spec of specs) {
      const record = stepRecord(spec)
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
      if (!other) continue
      if (other.result?.state === 'succeeded') {
        other.followers.push(record)
        continue
      }
      if (other.result) {
        this.#skip(record, before, other.result.state === 'skipped' && other.result.unmet)
        return
      }
      other.followers.push(record)
      record.open++
    }
  }

  /** What a step has added comes after it. */
  #add(by: StepId, { add, endedAt }: StoredResult & { state: 'succeeded' }): void {
    if (add.length === 0) return
    if (this.#parent) checkQueues(add)
    this.#checkRoom(add.length, 1)
    const behind = add.map((spec) => ({ ...spec, after: [...new Set([by, ...spec.after])] }))
    this.#admit(sortSteps(behind, new Set(this.#steps.keys())), endedAt)
  }

  /** Throws STEP_LIMIT_EXCEEDED or BUDGET_EXCEEDED where there is no room for so many more, while so many end. */
  #checkRoom(more: number, end: number): void {
    checkStepCount(this.#unfinished + more - end)
    const { steps: most = Number.POSITIVE_INFINITY } = this.#budget
    const { steps } = this.#admission
    if (steps + more > most) throw budgetExceeded('steps', most, steps, more)
  }

  /** The steps before it have succeeded; or those that do it for one item each. */
  #makeReady(record: StepRecord, at: number): void {
    const { items, spec } = record
    if (items) {
      this.#succeed(
        record,
        items.map((item) => this.resultOf(item)),
        1,
        at,
      )
      return
    }
    record.readyAt = at
    const { when, map } = spec
    try {
      const whether = when ? resolveReferences(when.value, (step) => this.resultOf(step)) : null
      const list = map === undefined ? null : resolveReferences(map, (step) => this.resultOf(step))
      const value = [whether, list]
      if (hasBlobs(value)) this.#wanted.push({ step: spec.id, value, at })
      else this.#begin(record, value as Json, at)
    } catch (thrown) {
      this.#fail(record, fromUnknown(thrown))
    }
  }

  /** With the value of its condition, and the list that it is done for. */
  #begin(record: StepRecord, value: Json, at: number): void {
    const { spec } = record
    const [whether = null, list = null] = value as readonly Json[]
    try {
      if (spec.when && !holds(spec.when, whether)) this.#skip(record, spec.id, true)
      else if (spec.map !== undefined) this.#expand(record, list, at)
      else {
        record.input = resolveReferences(spec.input, (step) => this.resultOf(step))
        this.#admission.enter(record)
      }
    } catch (thrown) {
      this.#fail(record, fromUnknown(thrown))
    }
  }

  /** A step for each item, and the given one for their values. */
  #expand(record: StepRecord, list: Json, at: number): void {
    const { map: _, when: __, ...spec } = record.spec
    if (!Array.isArray(list)) throw meshSwarmError('INVALID_INPUT', `What ${spec.id} maps over is no list.`)
    this.#checkRoom(list.length, 0)
    const each = list.map((item: Json, index): StepRecord => {
      const own = stepRecord({ ...spec, id: stepId(`${spec.id}[${index}]`) })
      if (this.#steps.has(own.spec.id))
        throw meshSwarmError('INVALID_INPUT', `There is a step ${own.spec.id} already.`)
      own.input = resolveReferences(spec.input, (step) => this.resultOf(step), { item })
      own.readyAt = at
      own.followers.push(record)
      return own
    })
    record.items = each.map(({ spec: { id } }) => id)
    record.open = each.length
    this.#unfinished += each.length
    this.#admission.count(each.length)
    for (const own of each) {
      this.#steps.set(own.spec.id, own)
      this.#admission.enter(own)
    }
    if (each.length === 0) this.#makeReady(record, at)
  }

  #fail(record: StepRecord, error: MeshSwarmError): void {
    const attempts = record.stored?.attempt ?? 1
    this.#end(record, { state: 'failed', error, attempts })
    for (const follower of record.followers) this.#skip(follower, record.spec.id)
  }

  #skip(record: StepRecord, because: StepId, unmet = false): void {
    if (record.result) return
    this.#end(record, { state: 'skipped', because, unmet, attempts: 0 })
    for (const follower of record.followers) this.#skip(follower, record.spec.id, unmet)
  }

  #end(record: StepRecord, result: StepResult): void {
    record.result = result
    this.#unfinished--
  }
}
