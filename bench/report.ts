import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'

export interface BenchRow {
  readonly case: string
  readonly subject: string
  readonly metric: string
  /** null: unknown, or never (more than half of the runs unhealed). */
  readonly median: number | null
  readonly p95: number | null
  readonly n: number
  readonly unhealed?: number
}

export interface BenchGoal {
  readonly id: string
  readonly goal: string
  readonly value: number | null
  readonly unit: string
  readonly met: boolean
}

export interface BenchReport {
  readonly bench: string
  readonly commit: string
  readonly node: string
  readonly cpu: string
  readonly cores: number
  readonly seed: number
  readonly rows: readonly BenchRow[]
  readonly goals: readonly BenchGoal[]
  readonly skipped?: string
}

export function reportOf(
  bench: string,
  seed: number,
  rows: readonly BenchRow[],
  goals: readonly BenchGoal[],
): BenchReport {
  const [cpu] = cpus()
  const machine = { node: process.version, cpu: cpu?.model ?? 'unknown', cores: cpus().length }
  return { bench, commit: commit(), ...machine, seed, rows, goals }
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return 'unknown'
  }
}

/** The rows as one table: a line a case and subject, a column a metric (median / p95). */
export function printReport(report: BenchReport): string {
  const metrics = [...new Set(report.rows.map(({ metric }) => metric))]
  const keys = [...new Set(report.rows.map((row) => `${row.case}\t${row.subject}`))]
  const header = ['case', 'subject', 'n', 'unhealed', ...metrics]
  const lines = keys.map((key) => {
    const rows = report.rows.filter((row) => `${row.case}\t${row.subject}` === key)
    const [name = '', subject = ''] = key.split('\t')
    const unhealed = rows.find((row) => row.unhealed !== undefined)?.unhealed
    const cells = metrics.map((metric) => cell(rows.find((row) => row.metric === metric)))
    return [name, subject, String(rows[0]?.n ?? 0), unhealed === undefined ? '' : String(unhealed), ...cells]
  })
  const goals = report.goals.map(
    ({ id, goal, value, unit, met }) =>
      `${met ? 'met   ' : 'MISSED'} ${id}: ${value ?? 'unknown'} ${unit} (goal ${goal})`,
  )
  const { bench, commit: at, node, cpu, cores, seed } = report
  return [
    `${bench} at ${at}, node ${node}, ${cores} x ${cpu}, seed ${seed}`,
    '',
    table([header, ...lines]),
    '',
    ...goals,
  ].join('\n')
}

function cell(row: BenchRow | undefined): string {
  if (!row) return ''
  const show = (value: number | null) => (value === null ? '-' : String(Math.round(value * 100) / 100))
  return `${show(row.median)} / ${show(row.p95)}`
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  return rows
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
