import type { BenchOptions } from '../options.ts'
import { type BenchRow, goalOf, rowOf, skippedRow } from '../report.ts'
import { type CancelledTask, cancelTask } from './cancelled-task.ts'
import type { Part } from './part.ts'

const CASES = [
  { name: '1500 steps, 100 with a program, a timer and a connection each', agents: 100, programs: true },
  { name: '1500 steps, all with a timer and a connection each', agents: 1500, programs: false },
] as const
const SUBJECT = 'durable'

/** A task that is cancelled: how soon nothing of it runs, and what of it is left. A process of its own for each round. */
export async function cancelPart(options: BenchOptions, signal: AbortSignal): Promise<Part> {
  const rounds = Number(options.set.get('cancels') ?? (options.quick ? 2 : 20))
  const rows: BenchRow[] = []
  const all: CancelledTask[] = []
  for (const { name, agents, programs } of CASES) {
    if (process.platform !== 'linux') {
      rows.push(skippedRow({ case: name, subject: SUBJECT, metric: 'stopped ms' }, 'needs /proc'))
      continue
    }
    const took: CancelledTask[] = []
    for (let round = 0; round < rounds && !signal.aborted; round++)
      took.push(await cancelTask(agents, programs))
    const left = took.flatMap((one) => [...one.open, ...one.programs])
    const kinds = [...new Set(left)].join(', ')
    options.log(`${name}: ${took.length} cancels, left: ${left.length} ${kinds}`)
    rows.push(...rowsOf(name, took))
    all.push(...took)
  }
  const stopped = all.map(({ stoppedMs }) => stoppedMs)
  const left = all.reduce((sum, { open, programs }) => sum + open.length + programs.length, 0)
  return {
    rows,
    goals: [
      goalOf('stopped', '<=', 100, all.length > 0 ? Math.max(...stopped) : null, 'ms at most'),
      goalOf('left', '<=', 0, all.length > 0 ? left : null, 'programs, timers and sockets'),
    ],
  }
}

function rowsOf(name: string, took: readonly CancelledTask[]): BenchRow[] {
  const row = (metric: string, value: (one: CancelledTask) => number) =>
    rowOf({ case: name, subject: SUBJECT, metric }, took.map(value))
  return [
    row('under way', ({ underWay }) => underWay),
    row('stopped ms', ({ stoppedMs }) => stoppedMs),
    row('closed ms', ({ closedMs }) => closedMs),
    row('left open', ({ open }) => open.length),
    row('left running', ({ programs }) => programs.length),
  ]
}
