import type { MeshSwarmError, StepId, SwarmId } from '../../core/index.ts'
import {
  failSpan,
  isTracing,
  type Metrics,
  spanContextOf,
  startSpan,
  traced,
  traceparent,
  traceparentOf,
  withinTrace,
} from '../../telemetry/index.ts'
import { BUDGETS } from './budget.ts'
import type { ReadTask } from './read-task.ts'
import type { TaskState } from './task-state.ts'
import type { StepTrace } from './task-work.ts'

/** The trace that a task belongs to, however often it is taken up again; empty where nobody traces. */
export interface TaskTrace {
  readonly traceparent?: string
}

/** That of the span under way here; else a new one, whose first span is there once the task is stored: `stored`. */
export function taskTrace(swarm: SwarmId): { readonly trace: TaskTrace; stored(): void } {
  if (!isTracing()) return { trace: {}, stored: () => undefined }
  const around = traceparent()
  if (around !== undefined) return { trace: { traceparent: around }, stored: () => undefined }
  // A span that is not ended is never told: a task that is refused leaves none.
  const span = startSpan('submit_task', { attributes: { 'meshswarm.task': swarm } })
  return { trace: { traceparent: traceparentOf(span.spanContext()) }, stored: () => span.end() }
}

/**
 * Leads the task as one span of its trace, below the span under way here where that is a part of it: every process that
 * takes the task up has a span of its own.
 */
export function tracedLead(swarm: SwarmId, task: ReadTask, lead: () => Promise<void>): Promise<void> {
  if (!isTracing()) return lead()
  const { name, parent } = task.state.status(swarm)
  const of = { subject: name, attributes: { 'meshswarm.task': swarm } }
  const asSpan = () =>
    traced(parent ? 'invoke_agent' : 'invoke_workflow', of, async (span) => {
      await lead()
      const { state } = task.state.status(swarm)
      span?.setAttribute('meshswarm.outcome', state)
      if (span && state !== 'succeeded') failSpan(span, state === 'cancelled' ? 'CANCELLED' : 'TASK_FAILED')
    })
  const within = spanContextOf(traceparent())?.traceId === spanContextOf(task.traceparent)?.traceId
  return within ? asSpan() : withinTrace(task.traceparent, asSpan)
}

/** What the workers need, so that the steps are a part of the span under way here. */
export function stepTrace(now: number): StepTrace | undefined {
  const parent = isTracing() ? traceparent() : undefined
  return parent === undefined ? undefined : { parent, offeredAt: now }
}

/** Called once a task, by whoever has ended it. */
export function countTask(metrics: Metrics | undefined, state: TaskState): void {
  if (!metrics) return
  const { outcome, results, timeline } = state.report(1)
  metrics.count('meshswarm_tasks_total', { outcome })
  for (const result of results.values()) {
    const code = 'error' in result ? result.error.code : ''
    metrics.count('meshswarm_steps_total', { state: result.state, code })
    if ('error' in result && code === 'BUDGET_EXCEEDED')
      metrics.count('meshswarm_budget_exceeded_total', { budget: budgetOf(result.error) })
  }
  const begun = new Set<StepId>()
  for (const { step, readyAt, startedAt } of timeline) {
    if (begun.has(step)) continue
    begun.add(step)
    metrics.observe('meshswarm_step_queue_wait_seconds', {}, (startedAt - readyAt) / 1000)
  }
}

/** A tool may say anything in its error. */
function budgetOf({ details }: MeshSwarmError): string {
  const { budget } = details
  return BUDGETS.find((one) => one === budget) ?? 'unknown'
}
