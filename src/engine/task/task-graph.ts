import { fromUnknown, MeshSwarmError, meshSwarmError, type StepId, stepId } from '../../core/index.ts'
import type { Json } from '../backends/json.ts'
import type { StepResult } from '../graph-report.ts'
import { checkStepCount, sortSteps } from '../step-graph.ts'
import { Admission } from './admission.ts'
import { hasBlobs, type Value } from './blob-ref.ts'
import { type Amounts, budgetExceeded } from './budget.ts'
import { holds, resolveReferences } from './references.ts'
import { type StepRecord, stepRecord } from './step-record.ts'
import { type StoredAttempt, type StoredResult, storedValue } from './task-event.ts'
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

export interface TaskGraphOptions {
  readonly budget: TaskSpec['budget']
  /** Of sub-agents. */
  readonly under: boolean
}

/** The steps of a task and how their results bring them on: the part of the fold that the results are for. */
export class TaskGraph {
  readonly #options: TaskGraphOptions
  readonly #steps = new Map<StepId, StepRecord>()
  readonly #admission: Admission
  #wanted: (Wanted & { readonly at: number })[] = []
  #unfinished = 0

  constructor(options: TaskGraphOptions) {
    this.#options = options
    this.#admission = new Admission(options.budget)
  }

  get records(): readonly StepRecord[] {
    return [...this.#steps.values()]
  }

  /** Steps that have not ended. */
  get unfinished(): number {
    return this.#unfinished
  }

  /** Steps included, all that are there. */
  get spent(): Amounts {
    return this.#admission.spent
  }

  /** The steps that it begins with, in topological order. */
  begin(steps: readonly StepSpec[], at: number): void {
    this.#admit(steps, at)
    this.#grant()
  }

  /** What has to be supplied before anything else is folded. */
  get wanted(): readonly Wanted[] {
    return this.#wanted
  }

  /** False, and nothing is changed, for a step that has ended. Throws INVARIANT for one that does not exist. */
  result(step: StepId, stored: StoredResult): boolean {
    const record = this.#record(step)
    if (record.result) return false
    record.stored = stored
    this.#admission.settle(record, stored)
    this.#conclude(record, stored)
    this.#grant()
    return true
  }

  /** An attempt after which there will be another one. */
  attempt(stored: StoredAttempt): void {
    const { attempts } = this.#record(stored.step)
    if (!attempts.some(({ attempt }) => attempt === stored.attempt)) attempts.push(stored)
  }

  /** What was wanted, whole, or why it cannot be had: then the step has failed. */
  supply({ step }: Wanted, value: Json | MeshSwarmError): void {
    const record = this.#record(step)
    const wanted = this.#wanted.find((one) => one.step === step)
    this.#wanted = this.#wanted.filter((one) => one !== wanted)
    if (!wanted || record.result) return
    if (value instanceof MeshSwarmError) this.#fail(record, value)
    else this.#start(record, value, wanted.at)
    this.#grant()
  }

  /** The steps that can be begun since the last call; all of them, where it is the first one. */
  takeReady(): readonly ReadyStep[] {
    return this.#admission.takeGranted().map(({ spec, input }) => ({ spec, input }))
  }

  find(step: StepId): StepRecord | undefined {
    return this.#steps.get(step)
  }

  /** Of a step that has succeeded; null for any other. */
  resultOf(step: StepId): Value {
    const result = this.#steps.get(step)?.result
    return result?.state === 'succeeded' ? (result.value as Value) : null
  }

  #record(step: StepId): StepRecord {
    const record = this.#steps.get(step)
    if (!record) throw meshSwarmError('INVARIANT', `A result of ${step}, which is no step of the task.`)
    return record
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
    if (this.#options.under) checkQueues(add)
    this.#checkRoom(add.length, 1)
    const behind = add.map((spec) => ({ ...spec, after: [...new Set([by, ...spec.after])] }))
    this.#admit(sortSteps(behind, new Set(this.#steps.keys())), endedAt)
  }

  /** Throws STEP_LIMIT_EXCEEDED or BUDGET_EXCEEDED where there is no room for so many more, while so many end. */
  #checkRoom(more: number, end: number): void {
    checkStepCount(this.#unfinished + more - end)
    const { steps: most = Number.POSITIVE_INFINITY } = this.#options.budget
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
      else this.#start(record, value as Json, at)
    } catch (thrown) {
      this.#fail(record, fromUnknown(thrown))
    }
  }

  /** With the value of its condition, and the list that it is done for. */
  #start(record: StepRecord, value: Json, at: number): void {
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
