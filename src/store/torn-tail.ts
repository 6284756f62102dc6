import { closeSync, fsyncSync, openSync, readdirSync, rmSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type Segment, type SegmentContent, syncDirectory } from './segments.ts'

/** The end of a journal that was being written when its process or machine died. None of it was confirmed. */
export interface TornTail {
  /** The file that it was cut off from. */
  readonly file: string
  /** The last sound record before it; 0 for none. */
  readonly afterSeq: number
  readonly bytes: number
  /** Where the cut-off bytes are kept. The last eight are. */
  readonly setAside: string
}

const KEPT = 8

/** Moves the torn tail into a file of its own, durably, before it is cut off. Undefined where there is none. */
export function setTornTailAside(
  directory: string,
  segment: Segment,
  { torn, soundBytes, records }: SegmentContent<unknown>,
): TornTail | undefined {
  if (torn.length === 0) return undefined
  const afterSeq = segment.firstSeq + records.length - 1
  const older = readdirSync(directory).filter((name) => name.startsWith('torn-'))
  const setAside = join(directory, `torn-${String(afterSeq).padStart(12, '0')}-${older.length}.txt`)
  const fd = openSync(setAside, 'w', 0o600)
  try {
    writeSync(fd, torn)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  syncDirectory(directory)
  truncateSync(segment.file, soundBytes)
  for (const name of older.sort().slice(0, -(KEPT - 1))) rmSync(join(directory, name), { force: true })
  return { file: segment.file, afterSeq, bytes: torn.length, setAside }
}
