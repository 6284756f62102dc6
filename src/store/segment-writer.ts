import { closeSync, fdatasync, fdatasyncSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { listSegments, type Segment, segmentFile, syncDirectory } from './segments.ts'

const sync = promisify(fdatasync)

export interface SegmentWriterOptions {
  readonly maxBytes: number
  readonly segmentBytes: number
}

/** Writes lines into the newest file of a directory, starts new files, and drops the oldest ones. */
export class SegmentWriter {
  readonly #directory: string
  readonly #options: SegmentWriterOptions
  #fd: number
  #size: number
  /** Counts of write calls: those done, and those that are durable. */
  #written = 0
  #durable = 0
  #syncing = 0
  readonly #retired: number[] = []

  /** Goes on in `newest`, or starts at record `nextSeq`. */
  constructor(
    directory: string,
    options: SegmentWriterOptions,
    newest: Segment | undefined,
    nextSeq: number,
  ) {
    this.#directory = directory
    this.#options = options
    this.#fd = openSync(newest?.file ?? segmentFile(directory, nextSeq), 'a', 0o600)
    this.#size = newest?.bytes ?? 0
    fdatasyncSync(this.#fd)
    syncDirectory(directory)
  }

  /** Writes whole lines in order; a new file starts with the line that does not fit. Undoes a part write. */
  write(lines: readonly { readonly seq: number; readonly text: Buffer }[]): void {
    let batch: Buffer[] = []
    let bytes = 0
    for (const { seq, text } of lines) {
      if (this.#size + bytes > 0 && this.#size + bytes + text.length > this.#options.segmentBytes) {
        this.#writeOut(Buffer.concat(batch))
        batch = []
        bytes = 0
        this.#rotate(seq)
      }
      batch.push(text)
      bytes += text.length
    }
    this.#writeOut(Buffer.concat(batch))
  }

  syncNow(): void {
    if (this.#durable === this.#written) return
    fdatasyncSync(this.#fd)
    this.#durable = this.#written
  }

  /** As `syncNow`, off the event loop. */
  async sync(): Promise<void> {
    if (this.#durable === this.#written) return
    const written = this.#written
    this.#syncing++
    try {
      await sync(this.#fd)
      this.#durable = Math.max(this.#durable, written)
    } finally {
      this.#syncing--
      if (this.#syncing === 0) for (const fd of this.#retired.splice(0)) closeSync(fd)
    }
  }

  close(): void {
    closeSync(this.#fd)
  }

  #writeOut(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#written++
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done)
    } catch (error) {
      try {
        ftruncateSync(this.#fd, this.#size)
      } catch {
        // The part that was written stays as a torn tail, and the next start sets it aside.
      }
      throw error
    }
    this.#size += bytes.length
  }

  #rotate(firstSeq: number): void {
    this.syncNow()
    const { maxBytes, segmentBytes } = this.#options
    const segments = listSegments(this.#directory)
    let total = segments.reduce((sum, { bytes }) => sum + bytes, segmentBytes)
    for (const { file, bytes } of segments) {
      if (total <= maxBytes) break
      rmSync(file)
      total -= bytes
    }
    const fd = openSync(segmentFile(this.#directory, firstSeq), 'a', 0o600)
    syncDirectory(this.#directory)
    // A sync in flight still uses the old file.
    if (this.#syncing > 0) this.#retired.push(this.#fd)
    else closeSync(this.#fd)
    this.#fd = fd
    this.#size = 0
  }
}
