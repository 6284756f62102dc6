import { type SwarmId, toErrorBody } from '../../core/index.ts'
import type { StepResult, TaskReport } from '../../engine/index.ts'

/** A report as JSON: what `run` and `show` print with `--json`. Times in ms; of large values what they are called. */
export function reportJson(task: SwarmId, report: TaskReport) {
  const { results, timeline, values: _, ...figures } = report
  const spans = new Map(timeline.map((span) => [span.step, span]))
  return {
    task,
    ...figures,
    steps: [...results].map(([id, result]) => {
      const span = spans.get(id)
      const { worker, startedAt, endedAt } = span ?? {}
      return { id, ...endOf(result), worker, startedAt, endedAt, attempts: result.attempts }
    }),
  }
}

function endOf(result: StepResult) {
  if (result.state === 'succeeded') return { state: result.state, value: result.value }
  if (result.state === 'skipped') {
    const { state, because, unmet } = result
    return { state, because, unmet }
  }
  return { state: result.state, ...toErrorBody(result.error) }
}
