import { decodeEntry, type EntryFilter, matches } from './entry.ts'
import type { ExportLine } from './export-line.ts'
import { MerkleTree } from './merkle-tree.ts'
import type { LogRecord } from './records.ts'

/** The lines of a whole log: every entry and every checkpoint, in order. `verifyExport` reads them without the store. */
export function* exportWhole(records: Iterable<LogRecord>): Generator<ExportLine> {
  yield { audit: 1, part: false }
  for (const record of records) {
    if (record.kind === 'checkpoint') yield { note: record.note }
    else if (record.text === undefined) yield { seq: record.seq, hash: record.hash.toString('base64') }
    else yield { seq: record.seq, text: record.text }
  }
}

/**
 * The lines of a part of a log: the entries that match, each with the proof that it is below the newest checkpoint.
 * Holds all hashes in memory.
 */
export function* exportPart(records: Iterable<LogRecord>, filter: EntryFilter): Generator<ExportLine> {
  const tree = new MerkleTree()
  const chosen: { seq: number; text: string }[] = []
  let note = ''
  let size = 0
  for (const record of records) {
    if (record.kind === 'checkpoint') {
      note = record.note
      size = tree.size
    } else {
      tree.append(record.hash)
      const { seq, text } = record
      if (text !== undefined && matches(decodeEntry(seq, text), filter)) chosen.push({ seq, text })
    }
  }
  const signed = chosen.filter(({ seq }) => seq < size)
  yield { audit: 1, part: true, entries: signed.length, note }
  for (const { seq, text } of signed) {
    const proof = tree.inclusion(seq, size).map((hash) => hash.toString('base64'))
    yield { seq, text, proof }
  }
}
