import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { meshSwarmError } from '../core/index.ts'
import { isErrno } from './errno.ts'
import type { JournalEvent, JournalRecord } from './journal.ts'
import { decodeRecord } from './record.ts'

/** One file of a journal; its name is the sequence number of its first record. */
export interface Segment {
  readonly file: string
  readonly firstSeq: number
  readonly bytes: number
}

export interface SegmentContent<E> {
  readonly records: readonly JournalRecord<E>[]
  /** Length of the sound part in bytes; what lies behind was being written when the process or machine died. */
  readonly soundBytes: number
  readonly torn: Buffer
}

const NAME = /^(\d{12})\.jsonl$/

export function segmentFile(directory: string, firstSeq: number): string {
  return join(directory, `${String(firstSeq).padStart(12, '0')}.jsonl`)
}

/** Oldest first; none where the directory does not exist. */
export function listSegments(directory: string): Segment[] {
  const segments: Segment[] = []
  for (const name of namesIn(directory).sort()) {
    const digits = NAME.exec(name)?.[1]
    const file = join(directory, name)
    const stat = statSync(file, { throwIfNoEntry: false })
    if (digits && stat) segments.push({ file, firstSeq: Number(digits), bytes: stat.size })
  }
  return segments
}

/**
 * Reads one file. Where it may be torn (the newest one), bad lines at its very end are its torn tail; a bad line
 * anywhere else throws INVALID_INPUT with file and line. Undefined where the file has gone (retention).
 */
export function readSegment<E extends JournalEvent>(
  { file, firstSeq }: Segment,
  mayBeTorn: boolean,
): SegmentContent<E> | undefined {
  const content = readIfThere(file)
  if (!content) return undefined
  const records: JournalRecord<E>[] = []
  let bad: number | undefined
  let soundBytes = 0
  let line = 0
  for (let start = 0; start < content.length; ) {
    line++
    const feed = content.indexOf(10, start)
    const end = feed < 0 ? content.length : feed
    const record = feed < 0 ? undefined : decodeRecord<E>(content.toString('utf8', start, end))
    const sound = record?.seq === firstSeq + records.length
    if (record && sound && bad === undefined) {
      records.push(record)
      soundBytes = end + 1
    } else if (bad === undefined) bad = line
    // A sound line behind a bad one: not torn, but damaged.
    else if (record) throw damaged(file, bad)
    start = end + 1
  }
  if (bad !== undefined && !mayBeTorn) throw damaged(file, bad)
  return { records, soundBytes, torn: content.subarray(soundBytes) }
}

/** Makes the names in a directory durable. */
export function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function damaged(file: string, line: number): Error {
  const message = `The journal is damaged at ${file}, line ${line}. Move the file away to go on without it.`
  return meshSwarmError('INVALID_INPUT', message, { details: { file, line } })
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}
