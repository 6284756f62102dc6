import { meshSwarmError, type SwarmId, throwIfCancelled } from '../../core/index.ts'
import type { GraphReport } from '../graph-report.ts'
import { asJson, type TaskEvent, taskEvent } from './task-event.ts'
import { TaskLead, type TaskRunnerComponents, tryAppend } from './task-lead.ts'
import { type TaskInput, taskSpec } from './task-spec.ts'
import { TaskState } from './task-state.ts'
import { cancelSubject } from './task-work.ts'

/**
 * Leads tasks: offers each step once those before it have succeeded, and says when all is done. It decides nothing
 * that is not stored first, so any number of runners may lead the same task, and one that was killed is replaced by
 * the next one that calls `run`. The steps are done by `StepWorker`s, here or elsewhere.
 */
export class TaskRunner {
  readonly #components: TaskRunnerComponents

  constructor(components: TaskRunnerComponents) {
    this.#components = components
  }

  /**
   * Stores the task under this name. Rejects INVALID_INPUT and STEP_LIMIT_EXCEEDED like `taskSpec`, CONFLICT where
   * there is one of this name; then nothing has happened.
   */
  async submit(swarm: SwarmId, task: TaskInput): Promise<void> {
    const { backend, clock } = this.#components
    const event: TaskEvent = { kind: 'created', at: clock.now(), task: taskSpec(task) }
    await backend.log.append(swarm, 0, [asJson(event)])
  }

  /**
   * Leads the task to its end, from wherever it stands, and tells the figures for so many workers. Rejects
   * TASK_NOT_FOUND, and CANCELLED when the signal aborts: that stops the leading and not the task, which the next
   * call takes up again.
   */
  async run(swarm: SwarmId, workers: number, signal: AbortSignal): Promise<GraphReport> {
    throwIfCancelled(signal, 'The leading')
    const state = new TaskState()
    const version = await this.#fold(swarm, state)
    if (!state.created) throw meshSwarmError('TASK_NOT_FOUND', `There is no task ${swarm}.`)
    await new TaskLead(this.#components, { swarm, state, version }).toItsEnd(signal)
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
      if (!state.created) throw meshSwarmError('TASK_NOT_FOUND', `There is no task ${swarm}.`)
      const event: TaskEvent = { kind: 'cancelled', at: clock.now(), reason }
      done = state.cancelled || state.finished || (await tryAppend(backend.log, swarm, version, event))
    }
    await backend.work.withdraw(swarm)
    await backend.bus.publish(cancelSubject(swarm), null)
  }

  async #fold(swarm: SwarmId, state: TaskState): Promise<number> {
    const entries = await this.#components.backend.log.read(swarm)
    for (const { event } of entries) state.plan(taskEvent(event))
    return entries.length
  }
}
