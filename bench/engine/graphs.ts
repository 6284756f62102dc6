import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { hasCode, RealClock, seededRandom, swarmId } from '../../src/core/index.ts'
import { runGraph, slots, stepGraph, type Tool, WorkerPool } from '../../src/engine/index.ts'
import type { BenchOptions } from '../options.ts'
import type { Part } from '../part.ts'
import { type BenchRow, goalOf, rowOf, skippedRow } from '../report.ts'
import { type DurableEngine, openDurableEngine } from './durable-engine.ts'
import { boundMs, inStages, readWorkflow, scaled, type TimedStep, workMs } from './workflow.ts'

const AGENTS = 100
const DURABLE = 'durable'
const clock = new RealClock()

/** Waits as long as the step took, on the scale of its trace. */
const wait: Tool = {
  name: 'wait',
  idempotent: true,
  async run({ input }, signal) {
    if (Number(input) > 0) await clock.sleep(Number(input), signal)
    return null
  },
}

/** Resolves when all is done. */
type Replay = (steps: readonly TimedStep[]) => Promise<unknown>

/**
 * Real workflows, replayed faster: every step waits as long as it took, on a scale that brings the bound, max(critical
 * path, work / agents), to the same time for each trace. As they are, in synchronous stages, and in memory, which
 * leaves out all but the scheduling and the timers.
 */
export async function graphsPart(options: BenchOptions, signal: AbortSignal): Promise<Part> {
  const wantedMs = options.quick ? 100 : 2500
  const folder = join(options.data, 'scheduling/wfinstances')
  const rows: BenchRow[] = []
  const directory = mkdtempSync(join(tmpdir(), 'meshswarm-bench-'))
  const engine = await openDurableEngine(directory, wait, AGENTS)
  const subjects = subjectsOf(engine)
  try {
    if (!existsSync(folder)) rows.push(...skip(subjects, 'all traces', `there is no ${folder}`))
    else
      for (const file of readdirSync(folder).filter((one) => one.endsWith('.json'))) {
        if (signal.aborted) break
        const name = basename(file, '.json')
        const trace = readTrace(join(folder, file))
        if (typeof trace === 'string') rows.push(...skip(subjects, name, trace))
        else rows.push(...(await replayed(name, trace, subjects, wantedMs)))
        options.log(`${name}: replayed`)
      }
  } finally {
    await engine.close()
    rmSync(directory, { recursive: true, force: true })
  }
  const all = [...subjects.keys()].flatMap((subject) => overAll(subject, rows))
  const value = all.find((row) => row.subject === DURABLE && row.metric === 'x bound')?.median ?? null
  return { rows: [...rows, ...all], goals: [goalOf('graphs', '<=', 1.05, value, 'x bound')] }
}

type Subjects = ReadonlyMap<string, Replay>

function subjectsOf(engine: DurableEngine): Subjects {
  let count = 0
  const durable: Replay = (steps) =>
    engine.run(swarmId(`replay-${++count}`), {
      steps: steps.map(({ id, after, ms }) => ({ id, after: [...after], tool: wait.name, input: ms })),
    })
  return new Map([
    [DURABLE, durable],
    ['durable, in stages', (steps) => durable(inStages(steps))],
    ['in memory', inMemory],
  ])
}

function skip(subjects: Subjects, name: string, why: string): BenchRow[] {
  return [...subjects.keys()].map((subject) => skippedRow({ case: name, subject, metric: 'x bound' }, why))
}

async function replayed(
  name: string,
  trace: readonly TimedStep[],
  subjects: Subjects,
  wantedMs: number,
): Promise<BenchRow[]> {
  const factor = wantedMs / boundMs(trace, AGENTS)
  const steps = scaled(trace, factor)
  const rows: BenchRow[] = []
  for (const [subject, replay] of subjects) {
    const what = { case: `${name}, ${steps.length} steps`, subject }
    try {
      const began = performance.now()
      await replay(steps)
      rows.push(...rowsOf(what, steps, factor, performance.now() - began))
    } catch (error) {
      // In stages it has more steps than as it is.
      if (!hasCode(error, 'STEP_LIMIT_EXCEEDED')) throw error
      rows.push(skippedRow({ ...what, metric: 'x bound' }, error.message))
    }
  }
  return rows
}

/** Its steps, or why they cannot be replayed. */
function readTrace(path: string): readonly TimedStep[] | string {
  try {
    return readWorkflow(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function inMemory(steps: readonly TimedStep[]): Promise<void> {
  const pool = new WorkerPool(slots(clock, AGENTS))
  const { signal } = new AbortController()
  const graph = stepGraph(
    steps.map(({ id, after, ms }) => ({
      ...{ id, after, tool: wait.name },
      run: (_, inner) => (ms > 0 ? clock.sleep(ms, inner) : undefined),
    })),
  )
  await runGraph(graph, { clock, pool, random: seededRandom(1) }, {}, signal)
}

function rowsOf(
  what: Pick<BenchRow, 'case' | 'subject'>,
  steps: readonly TimedStep[],
  factor: number,
  tookMs: number,
): BenchRow[] {
  const bound = boundMs(steps, AGENTS)
  const row = (metric: string, value: number) => rowOf({ ...what, metric }, [value])
  return [
    row('ms for 1 s', factor * 1000),
    row('steps of 0 ms', steps.filter(({ ms }) => ms === 0).length),
    row('bound ms', bound),
    row('makespan ms', tookMs),
    row('x bound', tookMs / bound),
    row('speed-up', workMs(steps) / tookMs),
  ]
}

function overAll(subject: string, rows: readonly BenchRow[]): BenchRow[] {
  return ['x bound', 'speed-up'].flatMap((metric) => {
    const same = rows.filter((row) => row.subject === subject && row.metric === metric)
    const values = same.flatMap(({ median }) => median ?? [])
    return values.length > 0 ? [rowOf({ case: 'all traces', subject, metric }, values)] : []
  })
}
