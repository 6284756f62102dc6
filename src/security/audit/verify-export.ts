import { meshSwarmError, throwIfCancelled } from '../../core/index.ts'
import { fromBase64 } from './base64.ts'
import { openCheckpoint } from './checkpoint.ts'
import { type ExportLine, parseExportLine } from './export-line.ts'
import { leafHash, type MerkleHash, verifyInclusion } from './merkle.ts'
import type { LogRecord } from './records.ts'
import type { NoteVerifier } from './signed-note.ts'
import { type Finding, type LogReport, type VerifyOptions, verifyLog } from './verify-log.ts'

/**
 * As `verifyLog`, from the lines of an exported log or part of one. Of a part it can say that what is there is
 * genuine, not that nothing is left out. Rejects INVALID_INPUT for what is no export, and for a part with `kept`.
 */
export async function verifyExport(
  content: AsyncIterable<string>,
  components: { readonly verifier: NoteVerifier },
  options: VerifyOptions,
  signal: AbortSignal,
): Promise<LogReport> {
  const lines = parsed(content)
  const { value: head } = await lines.next()
  if (!head || !('audit' in head)) throw meshSwarmError('INVALID_INPUT', 'This is no exported audit log.')
  if (!head.part) return verifyLog(recordsOf(lines), components, options, signal)
  if (options.kept !== undefined)
    throw meshSwarmError(
      'INVALID_INPUT',
      'A part of a log cannot be compared with a checkpoint that was kept.',
    )
  return verifyPart(head, lines, components, signal)
}

async function* parsed(content: AsyncIterable<string>): AsyncGenerator<ExportLine, undefined> {
  let number = 0
  for await (const text of content) yield parseExportLine(text, ++number)
}

async function* recordsOf(lines: AsyncIterable<ExportLine>): AsyncGenerator<LogRecord> {
  for await (const line of lines) {
    if ('seq' in line && 'text' in line && !('proof' in line)) {
      yield { kind: 'entry', seq: line.seq, hash: leafHash(line.text), text: line.text }
    } else if ('hash' in line)
      yield { kind: 'entry', seq: line.seq, hash: hashOf(line.hash), text: undefined }
    else if ('note' in line && !('audit' in line)) yield { kind: 'checkpoint', note: line.note }
    else throw meshSwarmError('INVALID_INPUT', 'A line of a part stands in a whole log.')
  }
}

async function verifyPart(
  { note, entries }: Extract<ExportLine, { part: true }>,
  lines: AsyncIterable<ExportLine>,
  { verifier }: { readonly verifier: NoteVerifier },
  signal: AbortSignal,
): Promise<LogReport> {
  const findings: Finding[] = []
  const signed = openCheckpoint(note, verifier)
  if (!signed) findings.push({ from: 0, to: 0, what: 'no checkpoint that this key has signed' })
  let [count, next] = [0, 0]
  for await (const line of lines) {
    throwIfCancelled(signal, 'The verification')
    if (!('proof' in line)) throw meshSwarmError('INVALID_INPUT', 'A line of a whole log stands in a part.')
    const { seq, text, proof } = line
    if (seq < next) findings.push({ from: seq, to: seq, what: 'in the wrong place' })
    if (signed && !verifyInclusion({ ...signed, index: seq }, leafHash(text), proof.map(hashOf)))
      findings.push({ from: seq, to: seq, what: 'not what was signed' })
    next = Math.max(next, seq + 1)
    count++
  }
  if (count !== entries)
    findings.push({ from: next, to: next, what: `the file has ${count} entries, not ${entries}` })
  const sound = signed && { origin: signed.origin, checkpoint: note }
  return {
    origin: sound?.origin,
    entries: count,
    checkpoints: 1,
    dropped: 0,
    checkpoint: sound?.checkpoint,
    findings,
  }
}

/** The line was checked to hold one. */
function hashOf(text: string): MerkleHash {
  return fromBase64(text) ?? Buffer.alloc(0)
}
