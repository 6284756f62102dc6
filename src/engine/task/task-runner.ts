import { meshSwarmError, type SwarmId, throwIfCancelled } from '../../core/index.ts'
import type { GraphReport } from '../graph-report.ts'
import { asJson, storedResult, type TaskEvent, taskEvent } from './task-event.ts'
import { type OnResult, TaskLead, type TaskRunnerComponents, tryAppend } from './task-lead.ts'
import { type TaskInput, taskSpec } from './task-spec.ts'
import { TaskState, type TaskStatus } from './task-state.ts'
import { cancelSubject } from './task-work.ts'

export interface TaskRunnerOptions {
  /** How many tasks are kept; the oldest finished ones make room. Default 1000. */
  readonly keepTasks?: number
}

export interface LeadOptions {
  /** How many steps can be done at a time, for the figures. */
  readonly workers: number
  /** Called for each result, those that were there before included. */
  readonly onResult?: OnResult
}

/**
 * Leads tasks: offers each step once those before it have succeeded, and says when all is done. It decides nothing
 * that is not stored first, so any number of runners may lead the same task, and one that was killed is replaced by
 * the next one that calls `run`. The steps are done by `StepWorker`s, here or elsewhere.
 */
export class TaskRunner {
  readonly #components: TaskRunnerComponents
  readonly #keepTasks: number

  constructor(components: TaskRunnerComponents, { keepTasks = 1000 }: TaskRunnerOptions = {}) {
    this.#components = components
    this.#keepTasks = keepTasks
  }

  /**
   * Stores the task under this name. Rejects INVALID_INPUT and STEP_LIMIT_EXCEEDED like `taskSpec`, CONFLICT where
   * there is one of this name; then nothing has happened.
   */
  async submit(swarm: SwarmId, task: TaskInput): Promise<void> {
    const { backend, clock } = this.#components
    const event: TaskEvent = { kind: 'created', at: clock.now(), task: taskSpec(task) }
    await backend.log.append(swarm, 0, [asJson(event)])
    await this.#makeRoom()
  }

  /** All that are kept, the oldest first. */
  async list(): Promise<readonly TaskStatus[]> {
    const swarms = await this.#components.backend.log.swarms()
    const states = await Promise.all(swarms.map((swarm) => this.#load(swarm, 'as far as needed')))
    return states.flatMap((state, index) => {
      const swarm = swarms[index]
      return swarm !== undefined && state.created ? [state.status(swarm)] : []
    })
  }

  /** As it stands, without leading it. Rejects TASK_NOT_FOUND. */
  async status(swarm: SwarmId): Promise<TaskStatus> {
    return (await this.#existing(swarm, 'as far as needed')).status(swarm)
  }

  /** The figures so far, for so many workers: all of it where the task has finished. Rejects TASK_NOT_FOUND. */
  async report(swarm: SwarmId, workers: number): Promise<GraphReport> {
    return (await this.#existing(swarm, 'all')).report(workers)
  }

  /**
   * Leads the task to its end, from wherever it stands, and tells the figures. Rejects TASK_NOT_FOUND, and CANCELLED
   * when the signal aborts: that stops the leading and not the task, which the next call takes up again.
   */
  async run(swarm: SwarmId, { workers, onResult }: LeadOptions, signal: AbortSignal): Promise<GraphReport> {
    throwIfCancelled(signal, 'The leading')
    const state = new TaskState()
    const version = await this.#fold(swarm, state)
    await new TaskLead(this.#components, { swarm, state, version, onResult }).toItsEnd(signal)
    return state.report(workers)
  }

  /**
   * Stops the task: nothing more is offered, and the workers stop what they are at. What has a result keeps it. A
   * second call, or one after the end, does nothing. Rejects TASK_NOT_FOUND.
   */
  async cancel(swarm: SwarmId, reason: string): Promise<void> {
    const { backend, clock } = this.#components
    for (let done = false; !done; ) {
      const state = new TaskState()
      const version = await this.#fold(swarm, state)
      await this.#foldResults(swarm, state)
      if (state.finished) break
      const at = clock.now()
      const cancelled: TaskEvent = { kind: 'cancelled', at, reason }
      state.plan(cancelled)
      // Both at once: it has ended even where nobody leads it.
      done = await tryAppend(backend.log, swarm, version, [cancelled, state.end(at)])
    }
    await backend.work.withdraw(swarm)
    await backend.bus.publish(cancelSubject(swarm), null)
  }

  /** The plan's events. Rejects TASK_NOT_FOUND where there are none. */
  async #fold(swarm: SwarmId, state: TaskState): Promise<number> {
    const entries = await this.#components.backend.log.read(swarm)
    for (const { event } of entries) state.plan(taskEvent(event))
    if (!state.created) throw meshSwarmError('TASK_NOT_FOUND', `There is no task ${swarm}.`)
    return entries.length
  }

  async #existing(swarm: SwarmId, results: 'all' | 'as far as needed'): Promise<TaskState> {
    const loaded = await this.#load(swarm, results)
    if (!loaded.created) throw meshSwarmError('TASK_NOT_FOUND', `There is no task ${swarm}.`)
    return loaded
  }

  /** Plan and results, of which a status needs none once the task has finished; a state that is not created where somebody has removed the task. */
  async #load(swarm: SwarmId, wanted: 'all' | 'as far as needed'): Promise<TaskState> {
    const state = new TaskState()
    for (const { event } of await this.#components.backend.log.read(swarm)) state.plan(taskEvent(event))
    if (!state.created || (state.finished && wanted !== 'all')) return state
    await this.#foldResults(swarm, state)
    return state
  }

  async #foldResults(swarm: SwarmId, state: TaskState): Promise<void> {
    const entries = await this.#components.backend.results.read(swarm)
    for (const { step, result } of entries) state.result(step, storedResult(result))
  }

  /** Removes the oldest finished ones. What is unfinished stays, however old. */
  async #makeRoom(): Promise<void> {
    const { backend } = this.#components
    const swarms = await backend.log.swarms()
    let excess = swarms.length - this.#keepTasks
    for (const swarm of swarms) {
      if (excess <= 0) return
      const entries = await backend.log.read(swarm)
      if (!entries.some(({ event }) => taskEvent(event).kind === 'finished')) continue
      await backend.forget(swarm)
      excess -= 1
    }
  }
}
