import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Random, RealClock, seededRandom } from '../../src/core/index.ts'
import type { BenchOptions } from '../options.ts'
import type { Part } from '../part.ts'
import { goalOf, rowOf } from '../report.ts'
import { KillableTask, type TaskProcess } from './killable-task.ts'

const STEPS = 500
const STEP_MS = 20
/** Every so many kills there is one at any moment of the start, which may be before the first step. */
const EARLY = 5
const START_MS = 300
/** After its first step a process lives for so long at most. */
const WORK_MS = 200
const clock = new RealClock()

interface Counts {
  kills: number
  /** Finished steps that were begun again. */
  twice: number
  /** Steps of finished tasks without a result, or never begun. */
  lost: number
  tasks: number
  /** From the start of a process to its first step, where the task had been begun before. */
  readonly resumeMs: number[]
}

/**
 * A process that works on a task of 500 steps is killed at a random moment, again and again; when the task is done, the
 * next one begins. The last one is done to its end.
 */
export async function killsPart(options: BenchOptions, signal: AbortSignal): Promise<Part> {
  const wanted = Number(options.set.get('kills') ?? (options.quick ? 10 : 200))
  const random = seededRandom(options.seed)
  const counts: Counts = { kills: 0, twice: 0, lost: 0, tasks: 0, resumeMs: [] }
  while (counts.kills < wanted && !signal.aborted) {
    const directory = mkdtempSync(join(tmpdir(), 'meshswarm-bench-'))
    const task = new KillableTask(directory, { steps: STEPS, stepMs: STEP_MS })
    try {
      await oneTask(task, counts, { wanted, random, signal })
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
    options.log(`${counts.kills} kills, ${counts.tasks} tasks, ${counts.twice} twice, ${counts.lost} lost`)
  }
  const row = (metric: string, values: readonly number[]) =>
    rowOf({ case: `tasks of ${STEPS} steps, killed`, subject: 'durable', metric }, values)
  const { kills, tasks, twice, lost, resumeMs } = counts
  const slowest = resumeMs.length > 0 ? Math.max(...resumeMs) : null
  return {
    rows: [
      row('resume ms', resumeMs),
      row('resume max ms', slowest === null ? [] : [slowest]),
      row('kills', [kills]),
      row('tasks', [tasks]),
      row('done twice', [twice]),
      row('lost', [lost]),
    ],
    goals: [
      goalOf('resume', '<', 1000, slowest, 'ms at most'),
      goalOf('twice', '<=', 0, twice, 'finished steps done again'),
      goalOf('lost', '<=', 0, lost, 'steps'),
    ],
  }
}

interface KillPlan {
  readonly wanted: number
  readonly random: Random
  readonly signal: AbortSignal
}

/** To its end, or until the signal aborts. */
async function oneTask(task: KillableTask, counts: Counts, plan: KillPlan): Promise<void> {
  let said: string | undefined
  for (let starts = 0; said === undefined && !plan.signal.aborted; starts++) {
    const done = task.finished()
    const mark = task.begun().length
    const startedAt = clock.now()
    const worker = task.start()
    const spare = counts.kills >= plan.wanted
    const moment = () => randomMoment(task, worker, mark, plan.random)
    said = await (spare ? worker.ended : Promise.race([worker.ended, moment()]))
    if (said === undefined) counts.kills += 1
    worker.kill()
    await worker.ended
    const begun = task.begun().slice(mark)
    counts.twice += begun.filter(({ step }) => done.has(step)).length
    const [first] = begun
    if (first && starts > 0) counts.resumeMs.push(first.at - startedAt)
  }
  if (said === undefined) return
  if (said !== 'succeeded') throw new Error(`the task ended as ${said === '' ? 'nothing' : said}`)
  counts.tasks += 1
  const begun = new Set(task.begun().map(({ step }) => step))
  counts.lost += 2 * STEPS - task.finished().size - begun.size
}

async function randomMoment(
  task: KillableTask,
  worker: TaskProcess,
  mark: number,
  random: Random,
): Promise<undefined> {
  const until = random.int(EARLY) === 0 ? clock.now() + random.next() * START_MS : Number.POSITIVE_INFINITY
  while (worker.running() && task.begun().length === mark && clock.now() < until) await delay(5)
  if (until === Number.POSITIVE_INFINITY) await delay(random.next() * WORK_MS)
}
