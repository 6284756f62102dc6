import { attempt, meshSwarmError, type SwarmId } from '../../core/index.ts'
import type { ResultEntry, SwarmBackend } from '../backends/swarm-backend.ts'
import { attach, detach, lostInput } from './blob-ref.ts'
import { storedResult, taskEvent } from './task-event.ts'
import { TaskState } from './task-state.ts'

/** Which results are wanted beside the plan. A status needs none once the task has finished. */
export type Wanted = 'no results' | 'results for a status' | 'all results'

export interface ReadTask {
  readonly state: TaskState
  /** Of the last event of its plan. */
  readonly version: number
  /** Which trace it belongs to; undefined where nobody traced. */
  readonly traceparent: string | undefined
}

/** Undefined where there is none. */
export async function findTask(
  backend: SwarmBackend,
  swarm: SwarmId,
  wanted: Wanted,
): Promise<ReadTask | undefined> {
  const entries = await backend.log.read(swarm)
  const [first] = entries
  if (!first) return undefined
  const state = new TaskState()
  for (const { event } of entries) state.plan(taskEvent(event))
  if (wanted === 'all results' || (wanted === 'results for a status' && !state.finished)) {
    for (const entry of await backend.results.read(swarm)) await foldResult(backend, swarm, state, entry)
  }
  const created = taskEvent(first.event)
  const traceparent = created.kind === 'created' ? created.traceparent : undefined
  return { state, version: entries.length, traceparent }
}

/** The next result in the order of the store, or attempt, and the large values that it makes wanted. */
export async function foldResult(
  { blobs }: SwarmBackend,
  swarm: SwarmId,
  state: TaskState,
  { step, result }: ResultEntry,
): Promise<void> {
  const stored = storedResult(result)
  if (stored.state === 'retried') state.attempt(stored)
  else state.result(step, stored)
  for (let [next] = state.wanted; next; [next] = state.wanted) {
    const { value } = next
    const whole = await attempt(() => attach(blobs, swarm, detach(value)))
    state.supply(next, whole.ok ? whole.value : lostInput(whole.error))
  }
}

/** Rejects TASK_NOT_FOUND. */
export async function readTask(backend: SwarmBackend, swarm: SwarmId, wanted: Wanted): Promise<ReadTask> {
  const found = await findTask(backend, swarm, wanted)
  if (!found) throw meshSwarmError('TASK_NOT_FOUND', `There is no task ${swarm}.`)
  return found
}
