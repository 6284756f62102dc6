import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { median, percentile } from '../src/core/index.ts'

export interface BenchRow {
  readonly case: string
  readonly subject: string
  readonly metric: string
  /** null: unknown, or never (more than half of the runs unhealed). */
  readonly median: number | null
  readonly p95: number | null
  readonly n: number
  readonly unhealed?: number
  /** Why it was not measured. */
  readonly skipped?: string
}

type Measured = Pick<BenchRow, 'case' | 'subject' | 'metric'>

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

export function rowOf(what: Measured, values: readonly number[]): BenchRow {
  const [middle, high] = values.length > 0 ? [median(values), percentile(values, 95)] : [null, null]
  return { ...what, median: middle, p95: high, n: values.length }
}

export function skippedRow(what: Measured, why: string): BenchRow {
  return { ...what, median: null, p95: null, n: 0, skipped: why }
}

/** An unknown value meets no goal. */
export function goalOf(
  id: string,
  relation: '<' | '<=' | '>' | '>=',
  limit: number,
  value: number | null,
  unit: string,
): BenchGoal {
  return {
    id,
    goal: `${relation} ${limit}`,
    value,
    unit,
    met: value !== null && holds(value, relation, limit),
  }
}

function holds(value: number, relation: '<' | '<=' | '>' | '>=', limit: number): boolean {
  if (relation === '<' || relation === '<=') return value < limit || (relation === '<=' && value === limit)
  return value > limit || (relation === '>=' && value === limit)
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

/**
 * A table for all cases that have the same metrics: a line a case and subject, a column a metric (median / 95th
 * percentile).
 */
export function printReport(report: BenchReport): string {
  const measured = report.rows.filter(({ skipped }) => skipped === undefined)
  const lines = Map.groupBy(measured, (row) => `${row.case}\t${row.subject}`)
  const tables = Map.groupBy(lines.values(), (rows) => rows.map(({ metric }) => metric).join('\t'))
  const skipped = report.rows.flatMap(({ case: name, subject, skipped: why }) =>
    why === undefined ? [] : [`skipped ${name}, ${subject}: ${why}`],
  )
  const goals = report.goals.map(
    ({ id, goal, value, unit, met }) =>
      `${met ? 'met   ' : 'MISSED'} ${id}: ${value ?? 'unknown'} ${unit} (goal ${goal})`,
  )
  const { bench, commit: at, node, cpu, cores, seed } = report
  return [
    `${bench} at ${at}, node ${node}, ${cores} x ${cpu}, seed ${seed}`,
    ...[...tables.values()].map(tableOf),
    skipped.join('\n'),
    goals.join('\n'),
  ]
    .filter((text) => text !== '')
    .join('\n\n')
}

/** Of the rows of one line each, all with the same metrics. */
function tableOf(lines: readonly (readonly BenchRow[])[]): string {
  const metrics = (lines[0] ?? []).map(({ metric }) => metric)
  const healing = lines.some((rows) => rows.some(({ unhealed }) => unhealed !== undefined))
  const cells = lines.map((rows) => {
    const unhealed = rows.find((row) => row.unhealed !== undefined)?.unhealed
    const [first] = rows
    const about = [first?.case ?? '', first?.subject ?? '', String(first?.n ?? 0)]
    return [...about, ...(healing ? [String(unhealed ?? '')] : []), ...rows.map(cell)]
  })
  return table([['case', 'subject', 'n', ...(healing ? ['unhealed'] : []), ...metrics], ...cells])
}

function cell(row: BenchRow): string {
  const show = (value: number | null) => (value === null ? '-' : String(Math.round(value * 100) / 100))
  return row.n === 1 ? show(row.median) : `${show(row.median)} / ${show(row.p95)}`
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
