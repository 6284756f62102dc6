import { type Clock, meshSwarmError, type SwarmId } from '../core/index.ts'
import type { Hired } from './task/sub-agents.ts'
import { slots } from './worker.ts'
import { MAX_WORKERS, WorkerPool } from './worker-pool.ts'

/**
 * Sub-agents that are plain slots, 100 at a time over all tasks. What is returned throws INSUFFICIENT_RESOURCES for
 * more.
 */
export function hireSlots({ clock }: { readonly clock: Clock }): (task: SwarmId, count: number) => Hired {
  let hired = 0
  return (task, count) => {
    if (hired + count > MAX_WORKERS) {
      const text = `${count} sub-agents more are too many: there are ${hired} of ${MAX_WORKERS}.`
      throw meshSwarmError('INSUFFICIENT_RESOURCES', text, { details: { hired, limit: MAX_WORKERS } })
    }
    hired += count
    const workers = slots(clock, count, `${task}/agent`)
    const gone = async () => {
      await Promise.all(workers.map((worker) => worker.whenFree()))
      hired -= count
    }
    let going: Promise<void> | undefined
    return { pool: new WorkerPool(workers), dismiss: () => (going ??= gone()) }
  }
}
