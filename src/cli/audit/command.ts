import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { fromUnknown, meshSwarmError } from '../../core/index.ts'
import {
  type AuditRecord,
  decodeEntry,
  type ExportLine,
  exportPart,
  exportWhole,
  matches,
  readStore,
} from '../../security/index.ts'
import type { CliContext } from '../context.ts'
import { plural, printable } from '../text.ts'
import { DEFAULT_AUDIT, publicKey } from './files.ts'
import { type FilterFlags, filterOf, withFilter } from './filter.ts'
import { verifyAudit } from './verify.ts'

interface StoreFlags {
  readonly store: string
  readonly json?: boolean
}

/** Adds `audit verify|show|export|key|checkpoint`. None of them writes to the log. */
export function registerAuditCommands(program: Command, context: CliContext): void {
  const { print } = context
  const audit = program.command('audit').description('the log of every decision, allowed and denied')

  audit
    .command('verify [file]')
    .description('look whether a log, or an export of one, is what was signed, and say which entries are not')
    .option('--key <key>', 'public key, or a file with it; unless told, that of the key beside the log')
    .option('--kept <file>', 'a checkpoint that was kept elsewhere: the log has to go on from it')
    .option('--json', 'print JSON')
    .action((file = DEFAULT_AUDIT, flags) => verifyAudit(file, flags, context))

  withStore(withFilter(audit.command('show').description('what was decided'))).action(
    (flags: StoreFlags & FilterFlags) => {
      for (const record of shown(flags)) print(flags.json ? JSON.stringify(record) : lineOf(record))
    },
  )

  const exporting = audit
    .command('export <file>')
    .description('write entries, checkpoints and proofs into a file that audit verify reads without the log')
  withStore(withFilter(exporting)).action(async (out: string, flags: StoreFlags & FilterFlags) => {
    const filter = filterOf(flags)
    const records = readStore(flags.store)
    const lines = filter ? exportPart(records, filter) : exportWhole(records)
    const entries = await writeLines(out, lines, context.signal)
    if (flags.json) return print(JSON.stringify({ out, entries, whole: filter === undefined }))
    return print(`${printable(flags.store)} -> ${printable(out)}: ${plural(entries, 'entry', 'entries')}`)
  })

  withStore(audit.command('key').description('the public key of the log, to be kept elsewhere')).action(
    ({ store, json }: StoreFlags) => {
      const { text } = publicKey(undefined, store)
      print(json ? JSON.stringify({ key: text }) : text)
    },
  )

  const checkpoint = audit
    .command('checkpoint')
    .description('the newest signed checkpoint, to be kept elsewhere')
  withStore(checkpoint).action(({ store, json }: StoreFlags) => {
    const note = newestNote(store)
    if (json) print(JSON.stringify({ checkpoint: note }))
    else context.stdout.write(note)
  })
}

function withStore(command: Command): Command {
  return command.option('--store <file>', 'the log', DEFAULT_AUDIT).option('--json', 'print JSON')
}

function* shown(flags: StoreFlags & FilterFlags): Generator<AuditRecord> {
  const filter = filterOf(flags) ?? {}
  for (const record of readStore(flags.store)) {
    if (record.kind !== 'entry' || record.text === undefined) continue
    const decoded = decodeEntry(record.seq, record.text)
    if (matches(decoded, filter)) yield decoded
  }
}

/** `12  2026-11-28T01:00:00.000Z  denied   executor-1  n7  apply restart-daemon: …` */
function lineOf({ seq, at, entry }: AuditRecord): string {
  const { kind, agent = '', node = '', allowed, operation, action, reason, why, ...more } = entry
  const verdict = allowed === undefined ? kind : allowed ? 'allowed' : 'denied'
  const act = typeof action === 'object' && action !== null && 'kind' in action ? action.kind : undefined
  const what = [operation, act].filter((word) => typeof word === 'string').join(' ')
  const because = [reason, why].filter((text) => typeof text === 'string' && text !== '').join('; ')
  const rest = allowed === undefined ? JSON.stringify(more) : because
  const words = [seq, new Date(at).toISOString(), verdict.padEnd(7), agent, node, what, rest]
  return printable(words.filter((word) => word !== '').join('  '))
}

function newestNote(store: string): string {
  let newest: string | undefined
  for (const record of readStore(store)) if (record.kind === 'checkpoint') newest = record.note
  if (newest === undefined) throw meshSwarmError('INVALID_INPUT', `${store} has no checkpoint yet.`)
  return newest
}

/** Gives the number of entries. */
async function writeLines(file: string, lines: Iterable<ExportLine>, signal: AbortSignal): Promise<number> {
  let entries = 0
  function* text(): Generator<string> {
    for (const line of lines) {
      if ('seq' in line) entries++
      yield `${JSON.stringify(line)}\n`
    }
  }
  try {
    await writeFile(file, text(), { signal, mode: 0o600 })
  } catch (error) {
    const { code, message } = fromUnknown(error)
    if (code !== 'INVARIANT') throw error
    throw meshSwarmError('INVALID_INPUT', `Cannot write ${file}: ${message}`, { cause: error })
  }
  return entries
}
