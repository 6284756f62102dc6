import type { StepId, SwarmId } from '../../core/index.ts'
import type { Amounts, GraphReport, StepResult, StepSpan, TaskReport } from '../../engine/index.ts'
import { plural, printable, type Style, someOf } from '../text.ts'

export interface ReportTextOptions {
  readonly style: Style
  /** Columns of the terminal. */
  readonly width: number
  /** Rows of the chart. */
  readonly mostRows: number
}

const WIDEST = 100
const WIDEST_NAME = 28

/** The end of a task in words: what became of it, how long it took, and how much faster than one agent. */
export function summaryLines(task: SwarmId, report: TaskReport, style: Style): string[] {
  const { outcome, results, makespanMs, sequentialMs, speedUp, speedUpBound } = report
  const ends = [...results.values()].map(({ state }) => state)
  const parts = (['succeeded', 'failed', 'skipped', 'cancelled'] as const)
    .map((state) => [ends.filter((end) => end === state).length, state] as const)
    .filter(([count]) => count > 0)
    .map(([count, state]) => `${count} ${state}`)
  const paint = outcome === 'succeeded' ? style.bold : style.red
  const { criticalPath, criticalPathMs, criticalSteps } = report
  return [
    `${printable(task)}: ${paint(outcome)}, ${plural(results.size, 'step')} (${parts.join(', ')})`,
    `took ${time(makespanMs)}; one agent would have needed ${time(sequentialMs)}: ${speedUp.toFixed(1)} times faster, ` +
      `at most ${speedUpBound.toFixed(1)} were possible`,
    `critical path ${time(criticalPathMs)}: ${printable(someOf(criticalPath, 8))}; critical steps: ${criticalSteps}`,
    ...failures(results, style),
    ...spentLines(report.spent),
  ]
}

/** Beside time; `steps` are all that there were. */
function spentLines({ steps: _, ...amounts }: Amounts): string[] {
  const words = Object.entries(amounts).flatMap(([resource, amount = 0]) =>
    amount > 0 ? [resource === 'usd' ? `${amount} USD` : `${amount} ${resource}`] : [],
  )
  return words.length > 0 ? [`spent: ${words.join(', ')}`] : []
}

function failures(results: ReadonlyMap<StepId, StepResult>, style: Style): string[] {
  return [...results].flatMap(([id, result]) => {
    if (result.state !== 'failed') return []
    const { code, message } = result.error
    return [style.red(`${printable(id)} failed, ${code}: ${printable(message)}`)]
  })
}

/** Who did what when: a row a step, in the order of their beginnings; the critical path is bold. */
export function ganttLines(report: GraphReport, { style, width, mostRows }: ReportTextOptions): string[] {
  const { timeline, startedAt, makespanMs, criticalPath } = report
  const rows = timeline.slice(0, mostRows)
  const nameWidth = Math.min(WIDEST_NAME, Math.max(4, ...rows.map(({ step }) => printable(step).length)))
  const workerWidth = Math.max(5, ...rows.map(({ worker }) => printable(worker).length))
  const columns = Math.max(20, Math.min(width, WIDEST) - nameWidth - workerWidth - 14)
  const critical = new Set(criticalPath)
  const lines = rows.map((span) => {
    const name = printable(span.step).slice(0, nameWidth).padEnd(nameWidth)
    const paint = critical.has(span.step) ? style.bold : (text: string) => text
    const chart = bar(span, startedAt, makespanMs, columns)
    const took = time(span.endedAt - span.startedAt).padStart(8)
    return paint(`${name}  ${printable(span.worker).padEnd(workerWidth)}  ${chart}  ${took}`)
  })
  const left = timeline.length - rows.length
  return left > 0 ? [...lines, style.dim(`and ${left} more; --all shows them`)] : lines
}

function bar(span: StepSpan, startedAt: number, makespanMs: number, columns: number): string {
  const place = (at: number) => (makespanMs > 0 ? Math.round(((at - startedAt) / makespanMs) * columns) : 0)
  const from = Math.min(columns - 1, place(span.startedAt))
  const to = Math.max(from + 1, Math.min(columns, place(span.endedAt)))
  return `${'·'.repeat(from)}${(span.succeeded ? '█' : '░').repeat(to - from)}${'·'.repeat(columns - to)}`
}

/** `12 ms`, `3.4 s`, `5 min 2 s`. */
export function time(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`
}
