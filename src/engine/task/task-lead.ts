import { cancelledError, hasCode, type StepId, type SwarmId } from '../../core/index.ts'
import type { ResultEntry } from '../backends/swarm-backend.ts'
import { cancelSubTasks, cancelTask, type TaskRunnerComponents, tryAppend } from './cancel-task.ts'
import { foldResult } from './read-task.ts'
import { type StoredAttempt, type StoredResult, storedResult, taskEvent } from './task-event.ts'
import type { ReadyStep } from './task-graph.ts'
import { SUB_AGENTS } from './task-spec.ts'
import type { TaskState } from './task-state.ts'
import { countTask, stepTrace } from './task-watch.ts'
import { workItem } from './task-work.ts'

/** Steps that are offered together: the first of many are begun while the others are being stored. */
const AT_ONCE = 256

/** Also told of each attempt after which there will be another one. */
export type OnResult = (step: StepId, result: StoredResult | StoredAttempt) => void

/** One task on its way: follows its plan and its results, and offers what has become ready. Used once. */
export class TaskLead {
  readonly #components: TaskRunnerComponents
  readonly #swarm: SwarmId
  readonly #state: TaskState
  readonly #onResult: OnResult | undefined
  readonly #over = new AbortController()
  /** Steps that have failed since, and whose sub-agents may still be at it. */
  readonly #abandoned: StepId[] = []
  /** How far the plan and the results have been folded. */
  #version: number
  #place = 0

  /** The state has the plan's events up to the version, and no result yet. */
  constructor(
    components: TaskRunnerComponents,
    options: {
      readonly swarm: SwarmId
      readonly state: TaskState
      readonly version: number
      readonly onResult: OnResult | undefined
    },
  ) {
    this.#components = components
    this.#swarm = options.swarm
    this.#state = options.state
    this.#version = options.version
    this.#onResult = options.onResult
  }

  /** Until the task has finished, whoever says so. Rejects CANCELLED when the signal aborts. */
  async toItsEnd(signal: AbortSignal): Promise<void> {
    const onAbort = () => this.#over.abort()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await this.#foldResults()
      await this.#advance()
      if (!this.#state.finished) await this.#together()
    } catch (error) {
      if (signal.aborted) throw cancelledError(signal, 'The leading')
      if (!this.#state.finished || !hasCode(error, 'CANCELLED')) throw error
    } finally {
      this.#over.abort()
      signal.removeEventListener('abort', onAbort)
    }
    // Another runner may have said it before this one had seen the last results.
    await this.#foldResults()
  }

  /** All of it has ended when it settles: results are folded one after the other. */
  async #together(): Promise<void> {
    const parts = [this.#followPlan(), this.#followResults(), this.#endInTime()]
    try {
      await Promise.all(parts)
    } finally {
      this.#over.abort()
      await Promise.allSettled(parts)
    }
  }

  async #followPlan(): Promise<void> {
    const { log } = this.#components.backend
    for await (const entries of log.follow(this.#swarm, this.#version, this.#over.signal)) {
      for (const { version, event } of entries) {
        this.#version = version
        this.#state.plan(taskEvent(event))
      }
      await this.#advance()
    }
  }

  async #followResults(): Promise<void> {
    const { results } = this.#components.backend
    for await (const entries of results.follow(this.#swarm, this.#place, this.#over.signal)) {
      await this.#fold(entries)
      await this.#advance()
    }
  }

  async #endInTime(): Promise<void> {
    const { clock } = this.#components
    const { deadline } = this.#state
    if (deadline === undefined) return
    await clock.sleep(deadline - clock.now(), this.#over.signal)
    await cancelTask(this.#components, this.#swarm, 'BUDGET_EXCEEDED', 'its time is up')
  }

  async #foldResults(): Promise<void> {
    await this.#fold(await this.#components.backend.results.read(this.#swarm, this.#place))
  }

  async #fold(entries: readonly ResultEntry[]): Promise<void> {
    for (const entry of entries) {
      const stored = storedResult(entry.result)
      await foldResult(this.#components.backend, this.#swarm, this.#state, entry)
      this.#place = entry.seq
      const step = stored.state === 'retried' ? stored.step : entry.step
      if (stored.state === 'failed' && this.#state.toolOf(step) === SUB_AGENTS) this.#abandoned.push(step)
      this.#onResult?.(step, stored)
    }
  }

  async #advance(): Promise<void> {
    const { backend, clock } = this.#components
    const state = this.#state
    // A step that was cut off leaves its sub-agents' task behind.
    for (const step of this.#abandoned.splice(0))
      await cancelSubTasks(this.#components, this.#swarm, `step ${step} has failed`, step)
    if (state.finished) return this.#over.abort()
    const ready = state.takeReady()
    for (let from = 0; from < ready.length; from += AT_ONCE)
      await this.#offer(ready.slice(from, from + AT_ONCE))
    if (!state.complete || state.finished) return
    const end = state.end(clock.now())
    // Where another event came first it comes by the log, and this is called again.
    if (!(await tryAppend(backend.log, this.#swarm, this.#version, [end]))) return
    state.plan(end)
    countTask(this.#components.metrics, state)
    this.#over.abort()
  }

  async #offer(steps: readonly ReadyStep[]): Promise<void> {
    const { backend, clock } = this.#components
    const trace = stepTrace(clock.now())
    const items = steps.map((step) => workItem(backend.blobs, this.#swarm, step, trace))
    await backend.work.offer(await Promise.all(items))
  }
}
