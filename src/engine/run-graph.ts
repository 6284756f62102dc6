import { meshSwarmError } from '../core/index.ts'
import { traced } from '../telemetry/index.ts'
import type { GraphReport } from './graph-report.ts'
import { GraphRun, type RunComponents, type RunOptions } from './graph-run.ts'
import { checkStepCount, MAX_STEPS, type StepGraph } from './step-graph.ts'
import type { Worker } from './worker.ts'

/**
 * Runs every step once the steps before it have succeeded, as many at a time as the pool has workers. A failed
 * step makes those after it `skipped` and touches no other. A cancel aborts the signal of every running step
 * and is an outcome: the report holds what was done before. Rejects only where nothing was started
 * (STEP_LIMIT_EXCEEDED, INVALID_CONFIGURATION), or where the journal failed: then everything is cancelled, and
 * the journal's error is thrown.
 *
 * When the promise settles, no step runs any more, but for one that has outlived its grace (`WorkLimits`).
 */
export async function runGraph<W extends Worker>(
  graph: StepGraph<W>,
  components: RunComponents<W>,
  options: RunOptions,
  signal: AbortSignal,
): Promise<GraphReport> {
  const { maxSteps = MAX_STEPS } = options
  if (!(maxSteps >= 1 && maxSteps <= MAX_STEPS)) {
    throw meshSwarmError('INVALID_CONFIGURATION', `maxSteps is 1 to ${MAX_STEPS}, not ${maxSteps}.`)
  }
  checkStepCount(graph.steps.length, maxSteps)
  return traced('invoke_workflow', {}, () => new GraphRun(components, options).run(graph, signal))
}
