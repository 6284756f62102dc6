import type { SwarmId } from '../../core/index.ts'
import { StepWorker } from './step-worker.ts'
import type { StepWorkerComponents } from './step-worker-options.ts'
import type { LeadOptions, TaskRunner } from './task-runner.ts'
import type { TaskReport } from './task-state.ts'
import { taskQueue } from './task-work.ts'

export interface DoTaskComponents extends StepWorkerComponents {
  readonly runner: TaskRunner
}

/**
 * Has the workers of the pool do a task to its end, from wherever it stands. Rejects like `TaskRunner.run` and
 * `StepWorker.run`. When it settles, nothing of it runs any more; on abort what was under way is given back.
 */
export async function doTask(
  { runner, ...components }: DoTaskComponents,
  swarm: SwarmId,
  options: LeadOptions,
  signal: AbortSignal,
): Promise<TaskReport> {
  const stop = new AbortController()
  const onAbort = () => stop.abort()
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  const working = new StepWorker(components, { name: swarm, queue: taskQueue(swarm) }).run(stop.signal)
  const leading = runner.run(swarm, options, stop.signal)
  try {
    // Workers that cannot work any more would leave the leader waiting for ever.
    return await Promise.race([leading, working.then(() => leading)])
  } finally {
    stop.abort()
    signal.removeEventListener('abort', onAbort)
    await Promise.allSettled([leading, working])
  }
}
