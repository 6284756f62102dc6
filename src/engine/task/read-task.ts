import { meshSwarmError, type SwarmId } from '../../core/index.ts'
import type { SwarmBackend } from '../backends/swarm-backend.ts'
import { storedResult, taskEvent } from './task-event.ts'
import { TaskState } from './task-state.ts'

/** Which results are wanted beside the plan. A status needs none once the task has finished. */
export type Wanted = 'no results' | 'results for a status' | 'all results'

export interface ReadTask {
  readonly state: TaskState
  /** Of the last event of its plan. */
  readonly version: number
}

/** Undefined where there is none. */
export async function findTask(
  backend: SwarmBackend,
  swarm: SwarmId,
  wanted: Wanted,
): Promise<ReadTask | undefined> {
  const entries = await backend.log.read(swarm)
  if (entries.length === 0) return undefined
  const state = new TaskState()
  for (const { event } of entries) state.plan(taskEvent(event))
  if (wanted === 'all results' || (wanted === 'results for a status' && !state.finished)) {
    for (const { step, result } of await backend.results.read(swarm)) state.result(step, storedResult(result))
  }
  return { state, version: entries.length }
}

/** Rejects TASK_NOT_FOUND. */
export async function readTask(backend: SwarmBackend, swarm: SwarmId, wanted: Wanted): Promise<ReadTask> {
  const found = await findTask(backend, swarm, wanted)
  if (!found) throw meshSwarmError('TASK_NOT_FOUND', `There is no task ${swarm}.`)
  return found
}
