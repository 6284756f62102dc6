import { type StepId, type SwarmId, stepId } from '../../core/index.ts'
import type { Json } from '../backends/json.ts'
import type { WorkItem } from '../backends/swarm-backend.ts'
import { resolveReferences } from './references.ts'
import type { StepSpec } from './task-spec.ts'

/** What a worker gets to know of a step. */
export interface TaskWork {
  readonly tool: string
  readonly input: Json
  readonly retries: number
  readonly timeoutMs: number | undefined
}

export function workItem(swarm: SwarmId, spec: StepSpec, resultOf: (step: StepId) => Json): WorkItem {
  const { id, queue, priority, tool, retries, timeoutMs = null } = spec
  const input = resolveReferences(spec.input, resultOf)
  return { swarm, step: stepId(id), queue, priority, payload: { tool, input, retries, timeoutMs } }
}

export function taskWork(payload: Json): TaskWork {
  const { timeoutMs, ...work } = payload as unknown as Omit<TaskWork, 'timeoutMs'> & {
    readonly timeoutMs: number | null
  }
  return { ...work, timeoutMs: timeoutMs ?? undefined }
}

/** Where the workers hear that a task was cancelled. */
export function cancelSubject(swarm: SwarmId): string {
  return `cancel.${encodeURIComponent(swarm).replaceAll('.', '%2E').replaceAll('*', '%2A')}`
}
