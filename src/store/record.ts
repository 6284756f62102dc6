import { crc32 } from 'node:zlib'
import type { JournalEvent, JournalRecord } from './journal.ts'

/** `,"crc":"89abcdef"}`: the last member of every line, over the text before it. */
const SUFFIX_LENGTH = 18

/** One line of JSON, with its checksum and its line feed. */
export function encodeRecord<E extends JournalEvent>(seq: number, at: number, event: E): string {
  const body = JSON.stringify(Object.assign({ seq, at }, event, { seq, at, crc: undefined })).slice(0, -1)
  return `${body},"crc":"${checksum(body)}"}\n`
}

/** The record of a line without its line feed; undefined where the line is damaged in any byte. */
export function decodeRecord<E extends JournalEvent>(line: string): JournalRecord<E> | undefined {
  const body = line.slice(0, -SUFFIX_LENGTH)
  if (line.slice(-SUFFIX_LENGTH) !== `,"crc":"${checksum(body)}"}`) return undefined
  try {
    return JSON.parse(`${body}}`) as JournalRecord<E>
  } catch {
    return undefined
  }
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}
