import type { Command } from 'commander'
import { meshSwarmError, type SwarmId, swarmId } from '../../core/index.ts'
import type { DeadLetter, Mail, MailboxStatus } from '../../engine/index.ts'
import type { CliContext } from '../context.ts'
import { wholeNumber } from '../numbers.ts'
import { table } from '../table.ts'
import { plural, printable, styleFor } from '../text.ts'
import { DEFAULT_STORE, type OpenTasks, withTasks } from './store.ts'

interface LettersFlags {
  readonly store: string
  readonly dead?: boolean
  readonly redeliver?: number
  readonly drop?: number
  readonly json?: boolean
}

/** Adds `letters TASK`: what waits for whom, and what reached nobody. */
export function registerLettersCommand(program: Command, context: CliContext): void {
  program
    .command('letters <task>')
    .description('the durable letters of its agents: how many wait for whom, and which are dead')
    .option('--dead', 'those that reached nobody, and why')
    .option('--redeliver <id>', 'put a dead one into its mailbox again', wholeNumber(1))
    .option('--drop <id>', 'delete a dead one', wholeNumber(1))
    .option('--store <file>', 'where tasks and results are kept', DEFAULT_STORE)
    .option('--json', 'print JSON')
    .action((name: string, flags: LettersFlags) =>
      withTasks(context, flags.store, (tasks) => letters(tasks, swarmId(name), flags, context)),
    )
}

async function letters(
  { backend, runner }: OpenTasks,
  id: SwarmId,
  flags: LettersFlags,
  context: CliContext,
): Promise<void> {
  const { mail } = backend
  const { json, dead: showDead, redeliver, drop } = flags
  if (redeliver !== undefined && drop !== undefined)
    throw meshSwarmError('INVALID_INPUT', 'A letter is delivered again or dropped, not both.')
  if (redeliver !== undefined) await found(mail.redeliver(id, redeliver), id, redeliver)
  if (drop !== undefined) await found(mail.drop(id, drop), id, drop)
  const [mailboxes, dead] = await Promise.all([mail.mailboxes(id), mail.deadLetters(id)])
  // A swarm may write letters without a task; one with neither is unknown.
  if (mailboxes.length + dead.length === 0) await runner.status(id)
  if (json) return context.print(JSON.stringify(showDead ? dead : mailboxes, null, 2))
  for (const line of showDead ? deadLines(dead, context) : mailboxLines(mailboxes, context))
    context.print(line)
  if (!showDead && dead.length > 0)
    context.print(`${plural(dead.length, 'dead letter')}: meshswarm letters ${printable(id)} --dead`)
}

/** Rejects INVALID_INPUT where there is no such letter. */
async function found(done: ReturnType<Mail['drop']>, task: SwarmId, id: number): Promise<void> {
  if (!(await done)) throw meshSwarmError('INVALID_INPUT', `There is no dead letter ${id} in ${task}.`)
}

function mailboxLines(
  mailboxes: readonly MailboxStatus[],
  { color, columns }: CliContext,
): readonly string[] {
  if (mailboxes.length === 0) return ['no letters wait']
  const rows = mailboxes.map(({ agent, waiting, taken, oldestAt, topics }) => [
    printable(agent),
    String(waiting),
    String(taken),
    oldestAt === undefined ? '' : new Date(oldestAt).toISOString(),
    printable(topics.join(', ')),
  ])
  const titles = [
    { title: 'agent', max: 40 },
    { title: 'wait', align: 'right' as const },
    { title: 'taken', align: 'right' as const },
    { title: 'oldest' },
    { title: 'topics', fill: true },
  ]
  return table(titles, rows, { paintTitle: styleFor(color).bold, width: columns })
}

function deadLines(dead: readonly DeadLetter[], { color, columns }: CliContext): readonly string[] {
  if (dead.length === 0) return ['no dead letters']
  const rows = dead.map(({ id, from, to, topic, reason, diedAt, body }) => [
    String(id),
    reason,
    new Date(diedAt).toISOString(),
    printable(from),
    printable(to.agent),
    printable(topic ?? ''),
    printable(JSON.stringify(body)),
  ])
  const titles = [
    { title: 'id', align: 'right' as const },
    { title: 'why' },
    { title: 'died' },
    { title: 'from', max: 20 },
    { title: 'to', max: 20 },
    { title: 'topic', max: 20 },
    { title: 'body', fill: true },
  ]
  return table(titles, rows, { paintTitle: styleFor(color).bold, width: columns })
}
