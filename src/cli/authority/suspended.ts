import type { Command } from 'commander'
import { meshSwarmError } from '../../core/index.ts'
import { type Found, foundHere } from '../../executor/index.ts'
import type { CliContext } from '../context.ts'
import { printable } from '../text.ts'

/** Adds `suspended`. */
export function registerSuspendedCommand(program: Command, { print, nodePlaces }: CliContext): void {
  program
    .command('suspended')
    .description('who may change nothing on the nodes of this machine, and why, until you lift it')
    .option('--json', 'print JSON')
    .action(({ json }: { readonly json?: boolean }) => {
      const found = foundHere(nodePlaces())
      if (json) print(JSON.stringify(found.filter(({ suspensions, why }) => suspensions.length > 0 || why)))
      else for (const line of linesOf(found)) print(printable(line))
      refuseUnread(found)
    })
}

function linesOf(found: readonly Found[]): readonly string[] {
  const lines = found.flatMap(({ directory, suspensions }) =>
    suspensions.flatMap(({ id, title, openedAt, suspended, evidence }) => [
      `${id}  ${new Date(openedAt).toISOString()}  ${suspended.length > 0 ? 'suspended' : 'alarm'}: ${title}`,
      ...suspended.map((name) => `    suspended: ${name}`),
      ...evidence.map((text) => `    ${text}`),
      `    by the nodes of ${directory}`,
    ]),
  )
  return lines.length > 0 ? lines : ['nobody is suspended on the nodes of this machine']
}

/** Throws INVALID_CONFIGURATION where some nodes keep what cannot be read. */
export function refuseUnread(found: readonly Found[]): void {
  const unread = found.find(({ why }) => why !== undefined)
  if (unread)
    throw meshSwarmError('INVALID_CONFIGURATION', `Not all nodes can be asked: ${unread.why}`, {
      details: { directory: unread.directory },
    })
}
