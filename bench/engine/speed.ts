import type { BenchOptions } from '../options.ts'
import type { Part } from '../part.ts'
import { type BenchGoal, type BenchRow, goalOf, rowOf, skippedRow } from '../report.ts'
import type { Round } from './subjects/host.ts'
import { type StartServer, startPostgres, startRedis } from './subjects/servers.ts'
import { AGENTS, STEP_MS, STEPS } from './subjects/subject.ts'
import { SubjectProcess } from './subjects/subject-process.ts'

const IDEAL_MS = (STEPS * STEP_MS) / AGENTS
const CASE = `${STEPS} x ${STEP_MS} ms, ${AGENTS} agents`
const MEMORY = 'in memory'
const DURABLE = 'durable'

interface SubjectSpec {
  readonly name: string
  readonly module: string
  readonly startServer?: StartServer
  /** It may be missing. */
  readonly peer?: true
  readonly durable?: true
}

const SUBJECTS: readonly SubjectSpec[] = [
  { name: MEMORY, module: './subjects/memory.ts' },
  { name: DURABLE, module: './subjects/durable.ts', durable: true },
  { name: 'p-limit', module: '../peers/p-limit.ts', peer: true },
  { name: 'p-queue', module: '../peers/p-queue.ts', peer: true },
  { name: 'LangGraph.js, SQLite', module: '../peers/langgraph.ts', peer: true, durable: true },
  {
    ...{ name: 'pg-boss, PostgreSQL', module: '../peers/pg-boss.ts', peer: true, durable: true },
    startServer: startPostgres,
  },
  {
    ...{ name: 'BullMQ, Redis', module: '../peers/bullmq.ts', peer: true, durable: true },
    startServer: startRedis,
  },
]

/**
 * 1500 steps of 5 ms with a result of 1 KB, over 100 agents: in memory, and with every start and every result on the
 * disk before it counts; beside others that do the same. Each subject has a process of its own, they take turns, and
 * the first round of each is a warm-up that is not counted.
 */
export async function speedPart(options: BenchOptions, signal: AbortSignal): Promise<Part> {
  const rounds = Number(options.set.get('rounds') ?? (options.quick ? 2 : 25))
  const running = new Map<SubjectSpec, SubjectProcess>()
  const measured = new Map<SubjectSpec, Round[]>()
  const rows: BenchRow[] = []
  try {
    for (const spec of SUBJECTS) {
      if (signal.aborted) break
      const { name, module, startServer, peer } = spec
      try {
        running.set(spec, await SubjectProcess.open(new URL(module, import.meta.url), startServer))
      } catch (error) {
        if (!peer) throw error
        const why = error instanceof Error ? error.message : String(error)
        rows.push(skippedRow({ case: CASE, subject: name, metric: 'wall ms' }, why))
      }
    }
    for (let round = 0; round <= rounds && !signal.aborted; round++) {
      for (const [spec, process] of running) {
        const took = await process.round()
        options.log(`round ${round}: ${spec.name} ${took.wallMs.toFixed(1)} ms`)
        if (round > 0) measured.set(spec, [...(measured.get(spec) ?? []), took])
      }
    }
  } finally {
    await Promise.all([...running.values()].map((process) => process.close()))
  }
  const all = [...running.keys()].flatMap((spec) => rowsOf(spec.name, measured.get(spec) ?? []))
  return { rows: [...all, ...rows], goals: goalsOf(all) }
}

function rowsOf(subject: string, rounds: readonly Round[]): BenchRow[] {
  const row = (metric: string, value: (round: Round) => number) =>
    rowOf({ case: CASE, subject, metric }, rounds.map(value))
  return [
    row('wall ms', ({ wallMs }) => wallMs),
    row('x ideal', ({ wallMs }) => wallMs / IDEAL_MS),
    row('overhead us/step', ({ wallMs }) => ((wallMs - IDEAL_MS) * 1000) / STEPS),
    row('loop delay p99 ms', ({ loopDelayMs }) => loopDelayMs),
    row('peak resident MB', ({ residentMb }) => residentMb),
  ]
}

function goalsOf(rows: readonly BenchRow[]): BenchGoal[] {
  const find = (subject: string, metric: string) =>
    rows.find((row) => row.subject === subject && row.metric === metric)?.median ?? null
  const own = find(DURABLE, 'wall ms')
  const others = SUBJECTS.filter(({ peer, durable }) => peer && durable)
    .map(({ name }) => find(name, 'wall ms'))
    .filter((wall) => wall !== null)
  const ahead = own === null || others.length === 0 ? null : own / Math.min(...others)
  return [
    goalOf('memory', '<=', 1.25, find(MEMORY, 'x ideal'), 'x ideal'),
    goalOf('durable', '<=', 2, find(DURABLE, 'x ideal'), 'x ideal'),
    goalOf('loop', '<=', 20, find(DURABLE, 'loop delay p99 ms'), 'ms'),
    goalOf('peers', '<', 1, ahead, `x wall of the fastest of ${others.length} durable peers`),
  ]
}
