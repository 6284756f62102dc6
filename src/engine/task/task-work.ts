import type { SwarmId } from '../../core/index.ts'
import type { Json } from '../backends/json.ts'
import type { WorkItem } from '../backends/swarm-backend.ts'
import type { Amounts } from './budget.ts'
import type { ReadyStep } from './task-state.ts'

/** What a worker gets to know of a step. */
export interface TaskWork {
  readonly tool: string
  readonly input: Json
  /** Of sub-agents. */
  readonly task: Json | undefined
  readonly retries: number
  readonly timeoutMs: number | undefined
  readonly idleMs: number | undefined
  readonly idempotent: boolean | undefined
  /** The most that one attempt may spend; what is left out, it may not. */
  readonly budget: Amounts
}

/** Where the steps of a task wait that any worker may do: its own workers, for they have its authority. */
export function taskQueue(swarm: SwarmId): string {
  return `task.${swarm}`
}

export function workItem(swarm: SwarmId, { spec, input }: ReadyStep): WorkItem {
  const { id, queue, priority, tool, task, retries, timeoutMs, idleMs, idempotent, budget } = spec
  const work: TaskWork = { tool, input, task, retries, timeoutMs, idleMs, idempotent, budget }
  // What is undefined is left out by JSON, and undefined again where it is read.
  return { swarm, step: id, queue: queue ?? taskQueue(swarm), priority, payload: work as unknown as Json }
}

export function taskWork(payload: Json): TaskWork {
  return payload as unknown as TaskWork
}

/** Where the workers hear that a task was cancelled. */
export function cancelSubject(swarm: SwarmId): string {
  return `cancel.${encodeURIComponent(swarm).replaceAll('.', '%2E').replaceAll('*', '%2A')}`
}
