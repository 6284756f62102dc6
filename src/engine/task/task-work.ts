import type { SwarmId } from '../../core/index.ts'
import type { Json } from '../backends/json.ts'
import type { BlobStore, WorkItem } from '../backends/swarm-backend.ts'
import { type Detached, detach, type PlacedBlob, type StoredBlob } from './blob-ref.ts'
import type { Amounts } from './budget.ts'
import { isShort, MOST_INLINE } from './storable.ts'
import type { ReadyStep } from './task-graph.ts'

/** What a worker gets to know of a step. */
export interface TaskWork {
  readonly tool: string
  readonly input: Json
  /** What was left out of the input, in this order. */
  readonly blobs: readonly PlacedBlob[] | undefined
  /** Of sub-agents. */
  readonly task: Json | undefined
  readonly retries: number
  readonly timeoutMs: number | undefined
  readonly idleMs: number | undefined
  readonly idempotent: boolean | undefined
  /** The most that one attempt may spend; what is left out, it may not. */
  readonly budget: Amounts
  /** Undefined where nobody traces. */
  readonly trace: StepTrace | undefined
}

export interface StepTrace {
  /** Whoever has offered it, as a W3C `traceparent`. */
  readonly parent: string
  readonly offeredAt: number
}

/** Where the steps of a task wait that any worker may do: its own workers, for they have its authority. */
export function taskQueue(swarm: SwarmId): string {
  return `task.${swarm}`
}

export async function workItem(
  store: BlobStore,
  swarm: SwarmId,
  { spec, input }: ReadyStep,
  trace?: StepTrace,
): Promise<WorkItem> {
  const { id, queue, priority, tool, task, retries, timeoutMs, idleMs, idempotent, budget } = spec
  const { json, blobs } = isShort(input)
    ? { json: input, blobs: [] }
    : await shortened(store, swarm, detach(input))
  const left = blobs.length > 0 ? blobs : undefined
  const work: TaskWork = {
    tool,
    input: json,
    blobs: left,
    task,
    retries,
    timeoutMs,
    idleMs,
    idempotent,
    budget,
    trace,
  }
  // What is undefined is left out by JSON, and undefined again where it is read.
  return { swarm, step: id, queue: queue ?? taskQueue(swarm), priority, payload: work as unknown as Json }
}

/** What is long is left out as a whole; it comes back before what had been left out of it. */
async function shortened(store: BlobStore, swarm: SwarmId, { json, blobs }: Detached): Promise<Detached> {
  const blob = await storeLarge(store, swarm, JSON.stringify(json))
  return blob ? { json: null, blobs: [{ at: [], blob, path: [] }, ...blobs] } : { json, blobs }
}

/** Undefined where the text is short enough to stay where it is. */
export async function storeLarge(
  store: BlobStore,
  swarm: SwarmId,
  text: string,
): Promise<StoredBlob | undefined> {
  if (text.length <= MOST_INLINE) return undefined
  return { hash: await store.put(swarm, text), characters: text.length }
}

export function taskWork(payload: Json): TaskWork {
  return payload as unknown as TaskWork
}

/** Where the workers hear that a task was cancelled. */
export function cancelSubject(swarm: SwarmId): string {
  return `cancel.${encodeURIComponent(swarm).replaceAll('.', '%2E').replaceAll('*', '%2A')}`
}
