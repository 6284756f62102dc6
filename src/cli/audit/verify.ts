import { meshSwarmError } from '../../core/index.ts'
import { type Finding, type LogReport, readStore, verifyExport, verifyLog } from '../../security/index.ts'
import type { CliContext } from '../context.ts'
import { plural, printable } from '../text.ts'
import { isStore, linesOf, publicKey, readText } from './files.ts'

interface VerifyFlags {
  readonly key?: string
  readonly kept?: string
  readonly json?: boolean
}

/** Prints what is wrong with the log, or that nothing is. Rejects AUDIT_TAMPERED after the first. */
export async function verifyAudit(
  file: string,
  { key, kept, json }: VerifyFlags,
  { print, signal }: CliContext,
): Promise<void> {
  const store = isStore(file)
  const verifier = publicKey(key, file)
  const options = { kept: kept === undefined ? undefined : readText(kept) }
  const report = store
    ? await verifyLog(readStore(file), { verifier }, options, signal)
    : await verifyExport(linesOf(file, signal), { verifier }, options, signal)
  const { findings } = report
  if (json) print(JSON.stringify(report, null, 2))
  else for (const line of linesAbout(report, key === undefined)) print(line)
  const [first] = findings
  if (!first) return
  const message = `${file}: ${plural(findings.length, 'finding')}, the first about ${placeOf(first)}.`
  throw meshSwarmError('AUDIT_TAMPERED', message, { details: { file, findings } })
}

function* linesAbout(report: LogReport, ownKey: boolean): Generator<string> {
  const { origin, entries, checkpoints, dropped, findings } = report
  for (const finding of findings) yield printable(`${placeOf(finding)}: ${finding.what}`)
  if (findings.length > 0) return
  const below = entries > 0 ? ` below ${plural(checkpoints, 'checkpoint')}` : ' yet'
  yield `sound: ${plural(entries, 'entry', 'entries')}${below}`
  if (dropped > 0) yield `the texts of ${plural(dropped, 'entry', 'entries')} were dropped on purpose`
  if (origin !== undefined) yield printable(`log ${origin}`)
  if (ownKey)
    yield 'checked with the key that lies beside it: keep the public key elsewhere and give it with --key'
}

function placeOf({ from, to }: Finding): string {
  return from >= to ? `entry ${from}` : `entries ${from} to ${to}`
}
