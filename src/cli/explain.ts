import { join } from 'node:path'
import type { Command } from 'commander'
import { incidentId } from '../core/index.ts'
import { explain, type HealEvent, listIncidents } from '../mapek/index.ts'
import { readJournal } from '../store/index.ts'
import type { CliContext } from './context.ts'
import { printable } from './text.ts'

interface ExplainFlags {
  readonly journal: string
  readonly json?: boolean
}

/** Adds `explain [INCIDENT]`: the story of an incident from the journal, or the list of all. */
export function registerExplainCommand(program: Command, { print }: CliContext): void {
  program
    .command('explain [incident]')
    .description('what happened, what was done about it and whether it helped; without a name: all incidents')
    .option('--journal <dir>', 'where every decision is kept', join('.meshswarm', 'journal'))
    .option('--json', 'print JSON')
    .action((name: string | undefined, { journal, json }: ExplainFlags) => {
      const events = [...readJournal<HealEvent>(journal)]
      if (name === undefined) {
        const lines = listIncidents(events)
        if (json) return print(JSON.stringify(lines, null, 2))
        for (const { incident, openedAt, outcome, title } of lines) {
          const words = `${incident}  ${outcome.padEnd(11)}  ${title}`
          print(printable(`${new Date(openedAt).toISOString()}  ${words}`))
        }
        return lines.length === 0 ? print('no incidents in this journal') : undefined
      }
      const id = incidentId(name)
      const story = explain(events, id)
      if (!json) return print(story)
      return print(
        JSON.stringify(
          events.filter((event) => 'incident' in event && event.incident === id),
          null,
          2,
        ),
      )
    })
}
