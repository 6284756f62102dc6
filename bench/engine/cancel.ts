import type { BenchOptions } from '../options.ts'
import type { Part } from '../part.ts'
import { type BenchGoal, type BenchRow, goalOf, rowOf, skippedRow } from '../report.ts'
import { type CancelledTask, cancelTask } from './cancelled-task.ts'

const CASES = [
  {
    ...{ id: '100 agents', agents: 100, programs: true },
    name: '1500 steps, 100 with a program, a timer and a connection each',
  },
  {
    ...{ id: '1500 agents', agents: 1500, programs: false },
    name: '1500 steps, all with a timer and a connection each',
  },
] as const
const SUBJECT = 'durable'

/**
 * A task that is cancelled: how soon nothing of it runs, and what of it is left. A process of its own for each round.
 * 1500 agents are fifteen pools, for a swarm has a hundred at most.
 */
export async function cancelPart(options: BenchOptions, signal: AbortSignal): Promise<Part> {
  const rounds = Number(options.set.get('cancels') ?? (options.quick ? 2 : 20))
  const rows: BenchRow[] = []
  const goals: BenchGoal[] = []
  for (const { id, name, agents, programs } of CASES) {
    if (process.platform !== 'linux') {
      rows.push(skippedRow({ case: name, subject: SUBJECT, metric: 'stopped ms' }, 'needs /proc'))
      continue
    }
    const took: CancelledTask[] = []
    for (let round = 0; round < rounds && !signal.aborted; round++)
      took.push(await cancelTask(agents, programs))
    const left = took.flatMap((one) => [...one.open, ...one.programs])
    options.log(`${name}: ${took.length} cancels, left: ${left.length} ${[...new Set(left)].join(', ')}`)
    const slowest = took.length > 0 ? Math.max(...took.map(({ stoppedMs }) => stoppedMs)) : null
    const count = took.length > 0 ? left.length : null
    rows.push(...rowsOf(name, took))
    goals.push(goalOf(`stopped, ${id}`, '<=', 100, slowest, 'ms at most'))
    goals.push(goalOf(`left, ${id}`, '<=', 0, count, 'programs, timers and sockets'))
  }
  return { rows, goals }
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
