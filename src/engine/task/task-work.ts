import type { SwarmId } from '../../core/index.ts'
import type { Json } from '../backends/json.ts'
import type { WorkItem } from '../backends/swarm-backend.ts'
import { type Amounts, amountsOf } from './budget.ts'
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
  /** The most that one attempt may spend. */
  readonly budget: Amounts
}

/** Where the steps of a task wait that any worker may do: its own workers, for they have its authority. */
export function taskQueue(swarm: SwarmId): string {
  return `task.${swarm}`
}

export function workItem(swarm: SwarmId, { spec, input }: ReadyStep): WorkItem {
  const {
    id,
    queue,
    priority,
    tool,
    retries,
    timeoutMs = null,
    idleMs = null,
    idempotent = null,
    budget,
    task = null,
  } = spec
  const limits = { retries, timeoutMs, idleMs, idempotent, budget: amountsOf(budget) }
  const payload = { tool, input, task, ...limits }
  return { swarm, step: id, queue: queue ?? taskQueue(swarm), priority, payload }
}

export function taskWork(payload: Json): TaskWork {
  const { task, timeoutMs, idleMs, idempotent, ...work } = payload as unknown as Stored<TaskWork>
  return {
    ...work,
    task: task ?? undefined,
    timeoutMs: timeoutMs ?? undefined,
    idleMs: idleMs ?? undefined,
    idempotent: idempotent ?? undefined,
  }
}

/** JSON knows no undefined. */
type Stored<T> = { readonly [Key in keyof T]: undefined extends T[Key] ? NonNullable<T[Key]> | null : T[Key] }

/** Where the workers hear that a task was cancelled. */
export function cancelSubject(swarm: SwarmId): string {
  return `cancel.${encodeURIComponent(swarm).replaceAll('.', '%2E').replaceAll('*', '%2A')}`
}
