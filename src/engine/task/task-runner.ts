import { meshSwarmError, type StepId, type SwarmId, throwIfCancelled } from '../../core/index.ts'
import type { Json } from '../backends/json.ts'
import type { SwarmBackend } from '../backends/swarm-backend.ts'
import { attach, detach } from './blob-ref.ts'
import { cancelTask, type TaskRunnerComponents } from './cancel-task.ts'
import { findTask, readTask } from './read-task.ts'
import { subTasks } from './sub-task.ts'
import { asJson, type SubTaskOf, storedResult, storedValue, type TaskEvent, taskEvent } from './task-event.ts'
import { type OnResult, TaskLead } from './task-lead.ts'
import { checkQueues, type TaskInput, taskSpec } from './task-spec.ts'
import type { TaskReport, TaskStatus } from './task-state.ts'
import { taskTrace, tracedLead } from './task-watch.ts'

export interface TaskRunnerOptions {
  /** How many tasks are kept; the oldest finished ones make room. Default 1000. */
  readonly keepTasks?: number
  /** How much they may take in the store before the oldest finished ones make room. Default 1 GiB. */
  readonly keepBytes?: number
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
  readonly #keepBytes: number

  constructor(
    components: TaskRunnerComponents,
    { keepTasks = 1000, keepBytes = 2 ** 30 }: TaskRunnerOptions = {},
  ) {
    this.#components = components
    this.#keepTasks = keepTasks
    this.#keepBytes = keepBytes
  }

  /**
   * Stores the task under this name; with `parent`, as that of the sub-agents of a step, which ends with it. Rejects
   * like `taskSpec`, and CONFLICT where there is one of this name; then nothing has happened.
   */
  async submit(swarm: SwarmId, task: TaskInput, parent?: SubTaskOf): Promise<void> {
    const { backend, clock } = this.#components
    const spec = taskSpec(task)
    if (parent) checkQueues(spec.steps)
    const { trace, stored } = taskTrace(swarm)
    const created = { kind: 'created', at: clock.now(), task: spec, ...trace } as const
    const event: TaskEvent = parent ? { ...created, parent } : created
    const appended = backend.log.append(swarm, 0, [asJson(event)])
    // Asked together, answered in order: how much there is with this task.
    const [, swarms, bytes] = await Promise.all([appended, backend.log.swarms(), backend.usedBytes()])
    stored()
    await this.#makeRoom(swarms, bytes)
  }

  /** All that are kept, the oldest first. */
  async list(): Promise<readonly TaskStatus[]> {
    const { backend } = this.#components
    const swarms = await backend.log.swarms()
    const found = await Promise.all(swarms.map((swarm) => findTask(backend, swarm, 'results for a status')))
    return swarms.flatMap((swarm, index) => found[index]?.state.status(swarm) ?? [])
  }

  /** Those that sub-agents of a task's own steps do, or did. */
  async listUnder(swarm: SwarmId): Promise<readonly TaskStatus[]> {
    const under = await subTasks(this.#components.backend, swarm)
    const all = await Promise.all(under.map((one) => this.status(one)))
    return all.filter(({ parent }) => parent?.swarm === swarm)
  }

  /** As it stands, without leading it. Rejects TASK_NOT_FOUND. */
  async status(swarm: SwarmId): Promise<TaskStatus> {
    const { state } = await readTask(this.#components.backend, swarm, 'results for a status')
    return state.status(swarm)
  }

  /** The figures so far, for so many workers: all of it where the task has finished. Rejects TASK_NOT_FOUND. */
  async report(swarm: SwarmId, workers: number): Promise<TaskReport> {
    const { state } = await readTask(this.#components.backend, swarm, 'all results')
    return state.report(workers)
  }

  /**
   * Of a step that has succeeded, all of it, however large. Rejects TASK_NOT_FOUND, INVALID_INPUT where there is no such
   * step, CONFLICT where it has not succeeded.
   */
  async value(swarm: SwarmId, step: StepId): Promise<Json> {
    const { backend } = this.#components
    const { blobs } = backend
    const own = await backend.results.get(swarm, step)
    const stored = own === undefined ? undefined : storedResult(own)
    // What it has added may not have fitted: then it has failed, which only the whole task tells.
    if (stored?.state === 'succeeded' && stored.add.length === 0)
      return attach(blobs, swarm, detach(storedValue(stored)))
    const { state } = await readTask(backend, swarm, 'all results')
    const end = state.report(1).results.get(step)
    if (!end) throw meshSwarmError('INVALID_INPUT', `Task ${swarm} has no step ${step}.`)
    if (end.state !== 'succeeded') throw meshSwarmError('CONFLICT', `Step ${step} has not succeeded.`)
    return attach(blobs, swarm, detach(state.resultOf(step)))
  }

  /**
   * Leads the task to its end, from wherever it stands, and tells the figures. Rejects TASK_NOT_FOUND, and CANCELLED
   * when the signal aborts: that stops the leading and not the task, which the next call takes up again.
   */
  async run(swarm: SwarmId, { workers, onResult }: LeadOptions, signal: AbortSignal): Promise<TaskReport> {
    throwIfCancelled(signal, 'The leading')
    const task = await readTask(this.#components.backend, swarm, 'no results')
    const lead = new TaskLead(this.#components, { swarm, ...task, onResult })
    await tracedLead(swarm, task, () => lead.toItsEnd(signal))
    return task.state.report(workers)
  }

  /**
   * Stops the task: nothing more is offered, and the workers stop what they are at. What has a result keeps it. A
   * second call, or one after the end, does nothing. Rejects TASK_NOT_FOUND.
   */
  cancel(swarm: SwarmId, reason: string): Promise<void> {
    return cancelTask(this.#components, swarm, 'CANCELLED', reason)
  }

  /**
   * Ends what nobody else would: tasks of sub-agents whose task or step has ended, or is gone, and tasks whose time is
   * up. For a start after a crash. Gives those that it has ended.
   */
  async sweep(): Promise<readonly SwarmId[]> {
    const { backend, clock } = this.#components
    const swarms = await backend.log.swarms()
    const last = await Promise.all(swarms.map((swarm) => backend.log.last(swarm)))
    const open = swarms.filter((_, index) => {
      const event = last[index]?.event
      return event !== undefined && taskEvent(event).kind !== 'finished'
    })
    const tasks = await Promise.all(open.map((swarm) => findTask(backend, swarm, 'no results')))
    const ended: SwarmId[] = []
    for (const [index, swarm] of open.entries()) {
      const { parent, deadline = Number.POSITIVE_INFINITY } = tasks[index]?.state ?? {}
      if (deadline <= clock.now())
        await cancelTask(this.#components, swarm, 'BUDGET_EXCEEDED', 'its time is up')
      else if (parent && !(await isWaiting(backend, parent)))
        await cancelTask(this.#components, swarm, 'CANCELLED', 'its step has ended')
      else continue
      ended.push(swarm)
    }
    return ended
  }

  /** Removes the oldest finished ones, with those of their sub-agents. What is unfinished stays, however old. */
  async #makeRoom(swarms: readonly SwarmId[], usedBytes: number): Promise<void> {
    const { backend } = this.#components
    let count = swarms.length
    let bytes = usedBytes
    for (const swarm of swarms) {
      if (count <= this.#keepTasks && bytes <= this.#keepBytes) return
      const task = await findTask(backend, swarm, 'no results')
      if (!task?.state.finished || task.state.parent) continue
      const under = await subTasks(backend, swarm)
      await Promise.all([swarm, ...under].map((one) => backend.forget(one)))
      count -= 1 + under.length
      bytes = await backend.usedBytes()
    }
  }
}

/** Whether the step has not ended yet. */
async function isWaiting(backend: SwarmBackend, { swarm, step }: SubTaskOf): Promise<boolean> {
  const task = await findTask(backend, swarm, 'results for a status')
  return task !== undefined && !task.state.finished && task.state.isOpen(step)
}
