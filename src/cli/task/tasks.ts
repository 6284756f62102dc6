import type { Command } from 'commander'
import { type SwarmId, stepId, swarmId } from '../../core/index.ts'
import { MAX_WORKERS, type TaskRunner, type TaskStatus } from '../../engine/index.ts'
import type { CliContext } from '../context.ts'
import { wholeNumber } from '../numbers.ts'
import { table } from '../table.ts'
import { plural, printable, styleFor } from '../text.ts'
import { reportJson } from './report-json.ts'
import { ganttLines, summaryLines } from './report-text.ts'
import { DEFAULT_STORE, withTasks } from './store.ts'

interface StoreFlags {
  readonly store: string
  readonly json?: boolean
}

interface ShowFlags extends StoreFlags {
  readonly agents: number
  readonly all?: boolean
  readonly value?: string
}

const MOST_ROWS = 50

/** Adds `tasks`, `show TASK` and `cancel TASK`. */
export function registerTaskCommands(program: Command, context: CliContext): void {
  const tasks = program.command('tasks').description('all tasks that are kept, and how far each one is')
  withStore(tasks).action(({ store, json }: StoreFlags) =>
    withTasks(context, store, async ({ runner }) => {
      await runner.sweep()
      const list = await runner.list()
      if (json) return context.print(JSON.stringify(list, null, 2))
      const own = list.filter(({ parent }) => !parent)
      for (const line of listLines(own, context)) context.print(line)
    }),
  )

  const show = program
    .command('show <task>')
    .description('who did what when, the critical path, and what it came to')
    .option('--agents <n>', 'how many it was done by, for the bound', wholeNumber(1, MAX_WORKERS), 16)
    .option('--all', 'every step, however many')
    .option('--value <step>', 'the value of one step as JSON, however large, and nothing else')
  withStore(show).action((name: string, flags: ShowFlags) =>
    withTasks(context, flags.store, ({ runner }) => showTask(runner, swarmId(name), flags, context)),
  )

  const cancel = program
    .command('cancel <task>')
    .description('stop a task for good, whoever is at it; what is done stays')
  withStore(cancel).action((name: string, { store, json }: StoreFlags) =>
    withTasks(context, store, async ({ runner }) => {
      const id = swarmId(name)
      await runner.cancel(id, 'a person said so')
      const { state, counts } = await runner.status(id)
      if (json) return context.print(JSON.stringify({ task: id, state, counts }))
      context.print(`${printable(id)}: cancelled, ${counts.succeeded} of ${counts.steps} steps had succeeded`)
    }),
  )
}

function withStore(command: Command): Command {
  return command
    .option('--store <file>', 'where tasks and results are kept', DEFAULT_STORE)
    .option('--json', 'print JSON')
}

function listLines(list: readonly TaskStatus[], { color, columns }: CliContext): readonly string[] {
  if (list.length === 0) return ['no tasks']
  const rows = list.map(({ swarm, createdAt, state, counts }) => {
    const { steps, succeeded, failed, skipped } = counts
    const numbers = [steps, succeeded, failed, skipped].map(String)
    return [printable(swarm), new Date(createdAt).toISOString(), state, ...numbers]
  })
  const right = ['steps', 'succeeded', 'failed', 'skipped'].map((title) => ({
    title,
    align: 'right' as const,
  }))
  const titles = [{ title: 'task', max: 40 }, { title: 'created' }, { title: 'state' }, ...right]
  return table(titles, rows, { paintTitle: styleFor(color).bold, width: columns })
}

async function showTask(
  runner: TaskRunner,
  id: SwarmId,
  { agents, all, json, value }: ShowFlags,
  { print, color, columns }: CliContext,
): Promise<void> {
  if (value !== undefined) return print(JSON.stringify(await runner.value(id, stepId(value)), null, 2))
  const { state, counts } = await runner.status(id)
  const report = await runner.report(id, agents)
  const under = await runner.listUnder(id)
  if (json)
    return print(
      JSON.stringify({ ...reportJson(id, report), state, under: under.map(({ swarm }) => swarm) }, null, 2),
    )
  const style = styleFor(color)
  const mostRows = all ? report.timeline.length : MOST_ROWS
  for (const line of ganttLines(report, { style, width: columns, mostRows })) print(line)
  if (report.timeline.length > 0) print('')
  if (state === 'unfinished') {
    const ended = counts.succeeded + counts.failed + counts.skipped
    print(`${printable(id)}: unfinished, ${ended} of ${counts.steps} steps have ended`)
    return print(`go on with: meshswarm run --resume ${printable(id)}`)
  }
  for (const line of summaryLines(id, report, style)) print(line)
  for (const { swarm, state: end, counts: done } of under)
    print(
      `sub-agents: ${printable(swarm)} ${end}, ${done.succeeded} of ${plural(done.steps, 'step')} succeeded`,
    )
}
