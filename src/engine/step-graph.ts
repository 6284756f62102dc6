import { meshSwarmError, type StepId } from '../core/index.ts'
import type { WorkLimits } from './supervise.ts'
import type { Worker } from './worker.ts'

/** What a running step gets beside its signal. */
export interface StepContext<W extends Worker = Worker> {
  readonly stepId: StepId
  readonly worker: W
  /** 1 for the first attempt. */
  readonly attempt: number
  /** The value of a step that this one comes after. Throws INVALID_INPUT for any other. */
  resultOf(step: StepId): unknown
  /**
   * Adds steps that come after this one. They count against the step limit at once (STEP_LIMIT_EXCEEDED), and
   * exist from the end of this attempt on, where it succeeds. Throws INVALID_INPUT where the graph would not
   * be sound any more.
   */
  add(steps: readonly Step<W>[]): void
}

/** One call of one tool by one agent. `run` stops soon after its signal aborts. */
export interface Step<W extends Worker = Worker> extends WorkLimits {
  readonly id: StepId
  /** What is done, in a word or two, for people. */
  readonly tool: string
  /** Steps that must succeed before this one starts. */
  readonly after?: readonly StepId[]
  /** The kind of worker; see `WorkRequest`. */
  readonly kind?: string
  readonly priority?: number
  /** Further attempts after an error that is retryable. Default 0. */
  readonly retries?: number
  readonly run: (context: StepContext<W>, signal: AbortSignal) => unknown
}

/** Steps in an order in which they could run one after another. Frozen; made by `stepGraph`. */
export interface StepGraph<W extends Worker = Worker> {
  readonly steps: readonly Step<W>[]
}

/** The most steps of one run that are not finished yet. */
export const MAX_STEPS = 1500

/**
 * Freezes and sorts the steps. Throws INVALID_INPUT for an id used twice, a dependency that does not exist, and
 * a cycle (named in `details.cycle`), STEP_LIMIT_EXCEEDED for more than 1500 steps.
 */
export function stepGraph<W extends Worker = Worker>(steps: readonly Step<W>[]): StepGraph<W> {
  checkStepCount(steps.length)
  return Object.freeze({ steps: sortSteps(steps, new Set()) })
}

export function checkStepCount(count: number, limit = MAX_STEPS): void {
  if (count <= limit) return
  throw meshSwarmError('STEP_LIMIT_EXCEEDED', `${count} steps; at most ${limit} may be in flight.`, {
    details: { steps: count, limit },
  })
}

/** What makes a graph of steps, whatever else they are. */
export interface Ordered {
  readonly id: StepId
  readonly after?: readonly StepId[] | undefined
}

/** The steps in topological order, ties in the order given. `present` are steps that they may come after. */
export function sortSteps<S extends Ordered>(
  steps: readonly S[],
  present: ReadonlySet<StepId>,
): readonly S[] {
  const byId = new Map<StepId, S>()
  for (const step of steps) {
    if (byId.has(step.id) || present.has(step.id))
      throw invalid(`Two steps are called ${step.id}.`, { step: step.id })
    byId.set(step.id, step)
  }
  const sorted: S[] = []
  const missing = new Map<StepId, number>()
  const followers = new Map<StepId, S[]>()
  for (const step of steps) {
    const before = [...new Set(step.after)]
    for (const id of before) {
      if (byId.has(id)) append(followers, id, step)
      else if (!present.has(id)) {
        throw invalid(`Step ${step.id} comes after ${id}, which does not exist.`, {
          step: step.id,
          missing: id,
        })
      }
    }
    const open = before.filter((id) => byId.has(id)).length
    missing.set(step.id, open)
    if (open === 0) sorted.push(step)
  }
  for (const step of sorted) {
    for (const follower of followers.get(step.id) ?? []) {
      const open = (missing.get(follower.id) ?? 0) - 1
      missing.set(follower.id, open)
      if (open === 0) sorted.push(follower)
    }
  }
  if (sorted.length < steps.length) {
    const cycle = findCycle(byId, missing)
    throw invalid(`Steps wait for each other: ${cycle.join(' after ')}.`, { cycle })
  }
  return Object.freeze(
    sorted.map((step) => Object.freeze({ ...step, after: Object.freeze([...(step.after ?? [])]) })),
  )
}

/** Walks back from any step that could not be sorted until one comes up twice. */
function findCycle(byId: ReadonlyMap<StepId, Ordered>, missing: ReadonlyMap<StepId, number>): StepId[] {
  const stuck = (id: StepId) => (missing.get(id) ?? 0) > 0
  const walk: StepId[] = []
  let at = [...byId.keys()].find(stuck)
  while (at !== undefined && !walk.includes(at)) {
    walk.push(at)
    at = byId.get(at)?.after?.find(stuck)
  }
  return at === undefined ? walk : [...walk.slice(walk.indexOf(at)), at]
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

function invalid(message: string, details: Readonly<Record<string, unknown>>): Error {
  return meshSwarmError('INVALID_INPUT', message, { details })
}
