import { type StepId, type SwarmId, swarmId } from '../../core/index.ts'
import type { SwarmBackend } from '../backends/swarm-backend.ts'
import { findTask } from './read-task.ts'

/** The task that the sub-agents of a step do. */
export function subTask(swarm: SwarmId, step: StepId): SwarmId {
  return swarmId(`${swarm}/${step}`)
}

/** The tasks of sub-agents that are under a task, theirs included, those of one step only where it is named. */
export async function subTasks(
  backend: SwarmBackend,
  swarm: SwarmId,
  step?: StepId,
): Promise<readonly SwarmId[]> {
  const top = step === undefined ? undefined : subTask(swarm, step)
  const swarms = await backend.log.swarms()
  const named = swarms.filter((one) =>
    top === undefined ? one.startsWith(`${swarm}/`) : one === top || one.startsWith(`${top}/`),
  )
  // A person may have called a task so.
  const found = await Promise.all(named.map((one) => findTask(backend, one, 'no results')))
  return named.filter((_, index) => found[index]?.state.parent !== undefined)
}
