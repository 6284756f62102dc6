import { type Clock, fromUnknown, type MeshSwarmError, meshSwarmError } from '../core/index.ts'
import type { Journal, JournalEvent, JournalRecord } from './journal.ts'
import { type DirectoryLock, lockDirectory } from './lock.ts'
import { readJournal } from './read-journal.ts'
import { decodeRecord, encodeRecord } from './record.ts'
import { SegmentWriter } from './segment-writer.ts'
import { listSegments, readSegment } from './segments.ts'
import { setTornTailAside, type TornTail } from './torn-tail.ts'

export interface FileJournalOptions {
  /** The journal's own directory, made where it is missing. */
  readonly directory: string
  /** What all files may hold together; the oldest are dropped, an eighth of this at a time. Default 64 MiB. */
  readonly maxBytes?: number
}

const DEFAULT_MAX_BYTES = 64 * 2 ** 20
const SEGMENTS = 8
const SMALLEST = 4096

interface Line {
  readonly seq: number
  readonly text: Buffer
}

/**
 * A journal in JSON-lines files. One process at a time writes it (CONFLICT names the other); any may read it
 * with `readJournal`. The constructor opens it: a torn tail is set aside and told in `recovered`; damage in the
 * newest file before its tail throws INVALID_INPUT with file and line, elsewhere `read` does.
 */
export class FileJournal<E extends JournalEvent> implements Journal<E> {
  /** What the last process left unfinished, set aside; undefined after a clean end. */
  readonly recovered: TornTail | undefined
  readonly directory: string
  readonly #clock: Clock
  readonly #segmentBytes: number
  readonly #lock: DirectoryLock
  readonly #writer: SegmentWriter
  #nextSeq = 1
  #lines: Line[] = []
  #scheduled: Promise<void> | undefined
  #running: Promise<void> = Promise.resolve()
  #broken: MeshSwarmError | undefined
  #closing: Promise<void> | undefined

  constructor({ clock }: { readonly clock: Clock }, options: FileJournalOptions) {
    const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES
    if (!(maxBytes >= SEGMENTS * SMALLEST)) {
      throw meshSwarmError(
        'INVALID_CONFIGURATION',
        `A journal takes ${SEGMENTS * SMALLEST} bytes at least.`,
        {
          details: { maxBytes },
        },
      )
    }
    this.directory = options.directory
    this.#clock = clock
    this.#segmentBytes = Math.floor(maxBytes / SEGMENTS)
    this.#lock = lockDirectory(options.directory)
    try {
      const segment = listSegments(options.directory).at(-1)
      const content = segment && readSegment<E>(segment, true)
      if (segment && content) {
        this.recovered = setTornTailAside(options.directory, segment, content)
        this.#nextSeq = segment.firstSeq + content.records.length
      }
      const newest = segment && content && { ...segment, bytes: content.soundBytes }
      const sizes = { maxBytes, segmentBytes: this.#segmentBytes }
      this.#writer = new SegmentWriter(options.directory, sizes, newest, this.#nextSeq)
    } catch (error) {
      this.#lock.release()
      throw error
    }
  }

  async append(event: E): Promise<JournalRecord<E>> {
    const record = this.#enqueue(event)
    this.#scheduled ??= this.#commitSoon(this.#running)
    await this.#clock.hold(this.#scheduled)
    return record
  }

  appendSync(event: E): JournalRecord<E> {
    const record = this.#enqueue(event)
    this.#attempt(() => {
      this.#writeOut()
      this.#writer.syncNow()
    })
    return record
  }

  read(): Iterable<JournalRecord<E>> {
    if (!this.#broken && !this.#closing) this.#attempt(() => this.#writeOut())
    return readJournal<E>(this.directory)
  }

  close(): Promise<void> {
    this.#closing ??= this.#clock.hold(this.#close())
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    await this.#scheduled?.catch(() => undefined)
    await this.#running
    this.#writer.close()
    this.#lock.release()
    if (this.#broken) throw this.#broken
  }

  #enqueue(event: E): JournalRecord<E> {
    if (this.#broken) throw this.#broken
    if (this.#closing) throw meshSwarmError('UNAVAILABLE', 'The journal is closed.')
    const line = encodeRecord(this.#nextSeq, this.#clock.now(), event)
    const text = Buffer.from(line)
    if (text.length > this.#segmentBytes) {
      throw meshSwarmError('INVALID_INPUT', `An event takes at most ${this.#segmentBytes} bytes.`, {
        details: { kind: event.kind, bytes: text.length },
      })
    }
    // What the caller gets is what a reader will get, and not the caller's own object, which may change.
    const record = decodeRecord<E>(line.slice(0, -1))
    if (!record) throw meshSwarmError('INVARIANT', 'A record does not survive its own encoding.')
    this.#lines.push({ seq: this.#nextSeq++, text })
    return record
  }

  /** One write and one sync for everything that this turn of the event loop appends, after the sync before. */
  async #commitSoon(previous: Promise<void>): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    await previous
    this.#scheduled = undefined
    const commit = this.#commit()
    this.#running = commit.catch(() => undefined)
    await commit
  }

  async #commit(): Promise<void> {
    if (this.#broken) throw this.#broken
    this.#attempt(() => this.#writeOut())
    try {
      await this.#writer.sync()
    } catch (error) {
      throw this.#break(error)
    }
  }

  #writeOut(): void {
    const lines = this.#lines
    this.#lines = []
    this.#writer.write(lines)
  }

  #attempt(work: () => void): void {
    try {
      work()
    } catch (error) {
      throw this.#break(error)
    }
  }

  #break(cause: unknown): MeshSwarmError {
    const message = `The journal in ${this.directory} cannot be written: ${fromUnknown(cause).message}`
    this.#broken ??= meshSwarmError('UNAVAILABLE', message, { cause })
    return this.#broken
  }
}
