import { meshSwarmError } from '../core/index.ts'
import type { JournalEvent, JournalRecord } from './journal.ts'
import { listSegments, readSegment } from './segments.ts'

/**
 * Reads a journal without opening it: beside a process that writes it, or after its death. Changes nothing;
 * a torn tail is left out. Nothing for a directory that is not there. Throws INVALID_INPUT with file and line
 * at the first damaged record, after those before it.
 */
export function* readJournal<E extends JournalEvent>(directory: string): Generator<JournalRecord<E>> {
  let next: number | undefined
  const segments = listSegments(directory)
  for (const segment of segments) {
    const content = readSegment<E>(segment, segment === segments.at(-1))
    // Retention took it away in the meantime, and everything before it.
    if (!content) continue
    if (next !== undefined && segment.firstSeq !== next) {
      throw meshSwarmError('INVALID_INPUT', `The journal lacks records ${next} to ${segment.firstSeq - 1}.`, {
        details: { directory, from: next, to: segment.firstSeq - 1 },
      })
    }
    yield* content.records
    next = segment.firstSeq + content.records.length
  }
}
