import type { Command } from 'commander'
import { swarmId } from '../../core/index.ts'
import { MAX_WORKERS } from '../../engine/index.ts'
import type { CliContext } from '../context.ts'
import { wholeNumber } from '../numbers.ts'
import { table } from '../table.ts'
import { printable, styleFor } from '../text.ts'
import { reportJson } from './report-json.ts'
import { ganttLines, summaryLines } from './report-text.ts'
import { DEFAULT_STORE, openTasks } from './store.ts'

interface StoreFlags {
  readonly store: string
  readonly json?: boolean
}

interface ShowFlags extends StoreFlags {
  readonly agents: number
  readonly all?: boolean
}

const MOST_ROWS = 50

/** Adds `tasks`, `show TASK` and `cancel TASK`. */
export function registerTaskCommands(program: Command, context: CliContext): void {
  const { print, color, columns } = context
  const style = styleFor(color)

  withStore(program.command('tasks').description('all tasks that are kept, and how far each one is')).action(
    async ({ store, json }: StoreFlags) => {
      await using tasks = await openTasks(context, store)
      const list = await tasks.runner.list()
      if (json) return print(JSON.stringify(list, null, 2))
      if (list.length === 0) return print('no tasks')
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
      for (const line of table(titles, rows, { paintTitle: style.bold, width: columns })) print(line)
    },
  )

  withStore(
    program
      .command('show <task>')
      .description('who did what when, the critical path, and what it came to')
      .option('--agents <n>', 'how many it was done by, for the bound', wholeNumber(1, MAX_WORKERS), 16)
      .option('--all', 'every step, however many'),
  ).action(async (name: string, { store, agents, all, json }: ShowFlags) => {
    await using tasks = await openTasks(context, store)
    const id = swarmId(name)
    const status = await tasks.runner.status(id)
    const report = await tasks.runner.report(id, agents)
    if (json) return print(JSON.stringify({ ...reportJson(id, report), state: status.state }, null, 2))
    const mostRows = all ? report.timeline.length : MOST_ROWS
    for (const line of ganttLines(report, { style, width: columns, mostRows })) print(line)
    if (report.timeline.length > 0) print('')
    if (status.state === 'unfinished') {
      const { steps, succeeded, failed, skipped } = status.counts
      print(`${printable(id)}: unfinished, ${succeeded + failed + skipped} of ${steps} steps have ended`)
      return print(`go on with: meshswarm run --resume ${printable(id)}`)
    }
    for (const line of summaryLines(id, report, style)) print(line)
  })

  withStore(
    program
      .command('cancel <task>')
      .description('stop a task for good, whoever is at it; what is done stays'),
  ).action(async (name: string, { store, json }: StoreFlags) => {
    await using tasks = await openTasks(context, store)
    const id = swarmId(name)
    await tasks.runner.cancel(id, 'a person said so')
    const { state, counts } = await tasks.runner.status(id)
    if (json) return print(JSON.stringify({ task: id, state, counts }))
    print(`${printable(id)}: cancelled, ${counts.succeeded} of ${counts.steps} steps had succeeded`)
  })
}

function withStore(command: Command): Command {
  return command
    .option('--store <file>', 'where tasks and results are kept', DEFAULT_STORE)
    .option('--json', 'print JSON')
}
