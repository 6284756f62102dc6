import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import {
  entropySeed,
  median,
  percentile,
  RealClock,
  randomIds,
  seededRandom,
  stepId,
  swarmId,
} from '../src/core/index.ts'
import {
  EmbeddedBackend,
  runGraph,
  StepWorker,
  slots,
  stepGraph,
  TaskRunner,
  type Tool,
  Upstreams,
  WorkerPool,
} from '../src/engine/index.ts'
import { swarmsBench } from './engine-swarms.ts'
import type { BenchOptions } from './options.ts'
import { type BenchGoal, type BenchReport, type BenchRow, reportOf } from './report.ts'

const STEPS = 1500
const STEP_MS = 5
const AGENTS = 100
const IDEAL_MS = (STEPS * STEP_MS) / AGENTS
const RESULT = 'x'.repeat(1000)

interface Subject {
  readonly name: string
  /** Does the steps once. */
  round(steps: number, round: number): Promise<void>
  close(): Promise<void>
}

const work = async () => {
  await delay(STEP_MS)
  return RESULT
}

function inMemory(): Subject {
  const clock = new RealClock()
  return {
    name: 'in memory',
    async round(steps) {
      const graph = stepGraph(
        Array.from({ length: steps }, (_, n) => ({ id: stepId(`s${n}`), tool: 'work', run: work })),
      )
      const pool = new WorkerPool(slots(clock, AGENTS))
      const { signal } = new AbortController()
      await runGraph(graph, { clock, pool, random: seededRandom(1) }, {}, signal)
    },
    close: async () => undefined,
  }
}

async function durable(): Promise<Subject> {
  const clock = new RealClock()
  const directory = mkdtempSync(join(tmpdir(), 'meshswarm-bench-'))
  const ids = randomIds(seededRandom(entropySeed()))
  const backend = await EmbeddedBackend.open({ clock, ids }, { file: join(directory, 'swarm.db') })
  const tool: Tool = { name: 'work', run: work }
  const components = {
    ...{ backend, clock, random: seededRandom(1), tools: new Map([[tool.name, tool]]) },
    pool: new WorkerPool(slots(clock, AGENTS)),
    upstreams: new Upstreams({ clock }),
  }
  const stop = new AbortController()
  const working = new StepWorker(components, { name: 'bench', queue: 'bench' }).run(stop.signal)
  const runner = new TaskRunner({ backend, clock })
  return {
    name: 'durable',
    async round(steps, round) {
      const task = swarmId(`round-${round}`)
      await runner.submit(task, {
        steps: Array.from({ length: steps }, (_, n) => ({ id: `s${n}`, tool: tool.name, queue: 'bench' })),
      })
      const { outcome } = await runner.run(task, { workers: AGENTS }, stop.signal)
      if (outcome !== 'succeeded') throw new Error(`the task ended as ${outcome}`)
    },
    async close() {
      stop.abort()
      await working
      await backend.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/**
 * 1500 steps of 5 ms with a result of 1 KB, over 100 agents: in memory, and with every start and every result on the
 * disk before it counts. The subjects take turns; the first round of each is a warm-up and is not counted. `--set`
 * takes rounds=N; swarms=N measures the memory over so many swarms instead.
 */
export async function engineBench(options: BenchOptions, signal: AbortSignal): Promise<BenchReport> {
  const swarms = options.set.get('swarms')
  if (swarms !== undefined) return swarmsBench(Number(swarms), options, signal)
  const rounds = Number(options.set.get('rounds') ?? (options.quick ? 5 : 25))
  const subjects = [inMemory(), await durable()]
  const walls = new Map<string, number[]>()
  const delays = new Map<string, number[]>()
  try {
    for (let round = 0; round <= rounds && !signal.aborted; round++) {
      for (const subject of subjects) {
        const loop = monitorEventLoopDelay({ resolution: 1 })
        loop.enable()
        const began = performance.now()
        await subject.round(STEPS, round)
        const wall = performance.now() - began
        loop.disable()
        options.log(`round ${round}: ${subject.name} ${wall.toFixed(1)} ms`)
        if (round === 0) continue
        walls.set(subject.name, [...(walls.get(subject.name) ?? []), wall])
        delays.set(subject.name, [...(delays.get(subject.name) ?? []), loop.percentile(99) / 1e6])
      }
    }
  } finally {
    await Promise.all(subjects.map((subject) => subject.close()))
  }
  const name = `${STEPS} x ${STEP_MS} ms, ${AGENTS} agents`
  const rows = subjects.flatMap(({ name: subject }): BenchRow[] => {
    const wall = walls.get(subject) ?? []
    const row = (metric: string, values: readonly number[]): BenchRow => ({
      ...{ case: name, subject, metric, n: values.length },
      median: values.length > 0 ? median(values) : null,
      p95: values.length > 0 ? percentile(values, 95) : null,
    })
    return [
      row('wall ms', wall),
      row(
        'x ideal',
        wall.map((ms) => ms / IDEAL_MS),
      ),
      row(
        'overhead us/step',
        wall.map((ms) => ((ms - IDEAL_MS) * 1000) / STEPS),
      ),
      row('loop delay p99 ms', delays.get(subject) ?? []),
    ]
  })
  return reportOf('engine', options.seed, rows, goalsOf(rows))
}

function goalsOf(rows: readonly BenchRow[]): BenchGoal[] {
  const goal = (id: string, subject: string, metric: string, limit: number, unit: string): BenchGoal => {
    const value = rows.find((row) => row.subject === subject && row.metric === metric)?.median ?? null
    return { id, goal: `<= ${limit}`, value, unit, met: value !== null && value <= limit }
  }
  return [
    goal('memory', 'in memory', 'x ideal', 1.25, 'x ideal'),
    goal('durable', 'durable', 'x ideal', 2, 'x ideal'),
    goal('loop', 'durable', 'loop delay p99 ms', 20, 'ms'),
  ]
}
