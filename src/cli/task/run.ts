import type { Command } from 'commander'
import {
  entropySeed,
  hasCode,
  meshSwarmError,
  type SwarmId,
  seededRandom,
  swarmId,
} from '../../core/index.ts'
import {
  doTask,
  hireSlots,
  MAX_WORKERS,
  machineTools,
  type OnResult,
  type StepSpec,
  SUB_AGENTS,
  slots,
  stepSpecs,
  subTaskOf,
  type TaskInput,
  type TaskReport,
  taskSpec,
  Upstreams,
  WorkerPool,
  withSubAgents,
} from '../../engine/index.ts'
import type { CliContext } from '../context.ts'
import { wholeNumber } from '../numbers.ts'
import { plural, printable, styleFor } from '../text.ts'
import { reportJson } from './report-json.ts'
import { ganttLines, summaryLines, time } from './report-text.ts'
import { DEFAULT_STORE, type OpenTasks, withTasks } from './store.ts'
import { readTaskFile } from './task-file.ts'
import { type TelemetryFlags, withTelemetry } from './telemetry.ts'

interface RunFlags extends TelemetryFlags {
  readonly store: string
  readonly agents: number
  readonly resume?: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

const MOST_ROWS = 30

/** Adds `run [FILE]`: does the steps of a task file, and goes on with an interrupted one. */
export function registerRunCommand(program: Command, context: CliContext): void {
  program
    .command('run [file]')
    .description('do the steps of a task file (YAML or JSON), many at a time')
    .option('--resume <task>', 'go on with a task that was interrupted, instead of a file')
    .option('--agents <n>', 'how many steps at a time', wholeNumber(1, MAX_WORKERS), 16)
    .option('--dry-run', 'say what would be done in which order, and do nothing')
    .option('--store <file>', 'where tasks and results are kept', DEFAULT_STORE)
    .option('--trace <file>', 'append a trace of it, one span a line (OTLP JSON)')
    .option('--metrics <file>', 'write metrics at its end (Prometheus text)')
    .option('--json', 'print JSON')
    .action(async (file: string | undefined, flags: RunFlags) => {
      if ((file === undefined) === (flags.resume === undefined))
        throw meshSwarmError('INVALID_INPUT', 'Name a task file, or a task with --resume.')
      if (file === undefined) return resume(swarmId(flags.resume ?? ''), flags, context)
      const { name, task } = await readTaskFile(file, context.signal)
      if (flags.dryRun) return context.print(dryRun(name, task, flags.json ?? false))
      return withStore(flags, context, async (tasks) => {
        const id = await submitAs(tasks, name, task)
        await lead(tasks, id, flags, context)
      })
    })
}

function resume(id: SwarmId, flags: RunFlags, context: CliContext): Promise<void> {
  return withStore(flags, context, async (tasks) => {
    const { state, counts } = await tasks.runner.status(id)
    const { steps, succeeded, failed, skipped } = counts
    const left = state === 'unfinished' ? steps - succeeded - failed - skipped : 0
    const text = `${printable(id)}: ${plural(left, 'step')} of ${steps} left`
    if (flags.dryRun) return context.print(flags.json ? JSON.stringify({ task: id, state, counts }) : text)
    if (!flags.json) context.print(text)
    return lead(tasks, id, flags, context)
  })
}

function withStore(flags: RunFlags, context: CliContext, work: (tasks: OpenTasks) => Promise<void>) {
  return withTelemetry(flags, (metrics) => withTasks({ ...context, metrics }, flags.store, work))
}

/** `name`, or `name-2` and so on where there is one already. */
async function submitAs({ runner }: OpenTasks, name: string, task: TaskInput): Promise<SwarmId> {
  for (let number = 1; ; number++) {
    const id = swarmId(number === 1 ? name : `${name}-${number}`)
    try {
      await runner.submit(id, task)
      return id
    } catch (error) {
      if (!hasCode(error, 'CONFLICT')) throw error
    }
  }
}

async function lead(tasks: OpenTasks, id: SwarmId, flags: RunFlags, context: CliContext): Promise<void> {
  await tasks.runner.sweep()
  const { clock, print, signal, stderr } = context
  const random = seededRandom(entropySeed())
  const pool = new WorkerPool(slots(clock, flags.agents, 'agent'))
  const common = { ...tasks, clock, random, upstreams: new Upstreams({ clock }) }
  const tools = withSubAgents({ ...common, hire: hireSlots({ clock }) }, machineTools({ clock }))
  const components = { ...common, tools, pool }
  const startedAt = clock.now()
  const onResult: OnResult = (step, result) => {
    const { state, worker, startedAt: from, endedAt } = result
    if (flags.json || endedAt < startedAt) return
    const ended = state === 'retried' ? 'failed' : state
    const why =
      state === 'succeeded' ? '' : `, ${result.code}${state === 'retried' ? ', is tried again' : ''}`
    const words = `${printable(step)} ${ended} after ${time(endedAt - from)}${why} (${printable(worker)})`
    print(`${time(endedAt - startedAt).padStart(8)}  ${words}`)
  }
  try {
    const report = await doTask(components, id, { workers: flags.agents, onResult }, signal)
    if (flags.json) print(JSON.stringify(reportJson(id, report), null, 2))
    else printReport(id, report, context)
    if (report.outcome === 'cancelled') throw meshSwarmError('CANCELLED', `Task ${id} was cancelled.`)
    if (report.outcome !== 'succeeded')
      throw meshSwarmError('TASK_FAILED', `Task ${id} ended as ${report.outcome}.`, { details: { task: id } })
  } catch (error) {
    if (signal.aborted && !flags.json) stderr.write(`go on with: meshswarm run --resume ${printable(id)}\n`)
    throw error
  }
}

function printReport(id: SwarmId, report: TaskReport, { print, color, columns }: CliContext): void {
  const style = styleFor(color)
  print('')
  for (const line of ganttLines(report, { style, width: columns, mostRows: MOST_ROWS })) print(line)
  print('')
  for (const line of summaryLines(id, report, style)) print(line)
}

function dryRun(name: string, task: TaskInput, json: boolean): string {
  const { steps } = taskSpec(task)
  if (json) return JSON.stringify({ name, steps }, null, 2)
  const lines = stepLines(steps, '')
  return [`${printable(name)}: ${plural(steps.length, 'step')}; nothing was done`, ...lines].join('\n')
}

/** A line a step, in an order in which they could be done; those of sub-agents under theirs. */
function stepLines(steps: readonly StepSpec[], indent: string): readonly string[] {
  return steps.flatMap(({ id, tool, input, after, task }) => {
    const before = after.length > 0 ? ` after ${after.join(', ')}` : ''
    const line = `${indent}${printable(`${id}: ${tool} ${JSON.stringify(input)}${before}`)}`
    if (task === undefined || tool !== SUB_AGENTS) return line
    return [line, ...stepLines(stepSpecs(subTaskOf(task, id).steps), `${indent}  `)]
  })
}
