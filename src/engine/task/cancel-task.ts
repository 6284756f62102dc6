import { type Clock, hasCode, type StepId, type SwarmId } from '../../core/index.ts'
import type { Metrics } from '../../telemetry/index.ts'
import type { PlanLog, SwarmBackend } from '../backends/swarm-backend.ts'
import { readTask } from './read-task.ts'
import { subTasks } from './sub-task.ts'
import { asJson, type TaskEvent } from './task-event.ts'
import { countTask } from './task-watch.ts'
import { cancelSubject } from './task-work.ts'

export interface TaskRunnerComponents {
  readonly backend: SwarmBackend
  readonly clock: Clock
  readonly metrics?: Metrics | undefined
}

type Why = 'CANCELLED' | 'BUDGET_EXCEEDED'

/**
 * Ends a task that has not ended, and those of its sub-agents: nothing more is offered, and the workers stop what they
 * are at. Rejects TASK_NOT_FOUND. A second call, or one after the end, does nothing.
 */
export async function cancelTask(
  components: TaskRunnerComponents,
  swarm: SwarmId,
  code: Why,
  reason: string,
): Promise<void> {
  await endTask(components, swarm, code, reason)
  await cancelSubTasks(components, swarm, reason)
}

async function endTask(
  { backend, clock, metrics }: TaskRunnerComponents,
  swarm: SwarmId,
  code: Why,
  reason: string,
): Promise<void> {
  for (let done = false; !done; ) {
    const { state, version } = await readTask(backend, swarm, 'all results')
    if (state.finished) break
    const at = clock.now()
    const cancelled: TaskEvent = { kind: 'cancelled', at, code, reason }
    state.plan(cancelled)
    // Both at once: it has ended even where nobody leads it.
    done = await tryAppend(backend.log, swarm, version, [cancelled, state.end(at)])
    if (done) countTask(metrics, state)
  }
  await backend.work.withdraw(swarm)
  await backend.bus.publish(cancelSubject(swarm), null)
}

/** Ends the tasks of the sub-agents under a task, or under one of its steps, that have not ended. */
export async function cancelSubTasks(
  components: TaskRunnerComponents,
  swarm: SwarmId,
  reason: string,
  step?: StepId,
): Promise<void> {
  const under = await subTasks(components.backend, swarm, step)
  await Promise.all(under.map((one) => endTask(components, one, 'CANCELLED', reason)))
}

/** False where somebody else was faster. */
export async function tryAppend(
  log: PlanLog,
  swarm: SwarmId,
  version: number,
  events: readonly TaskEvent[],
): Promise<boolean> {
  try {
    await log.append(swarm, version, events.map(asJson))
    return true
  } catch (error) {
    if (hasCode(error, 'CONFLICT')) return false
    throw error
  }
}
