import { type Clock, meshSwarmError } from '../core/index.ts'
import type { Journal, JournalEvent, JournalRecord } from './journal.ts'
import { decodeRecord, encodeRecord } from './record.ts'

export interface MemoryJournalOptions {
  /** What all records may take together as text; the oldest are dropped. Default 64 MiB. */
  readonly maxBytes?: number
}

/** A journal that ends with the process, for simulations: what goes in comes out as from a file. */
export class MemoryJournal<E extends JournalEvent> implements Journal<E> {
  readonly #clock: Clock
  readonly #maxBytes: number
  #lines: string[] = []
  #first = 0
  #bytes = 0
  #nextSeq = 1
  #closed = false

  constructor({ clock }: { readonly clock: Clock }, options: MemoryJournalOptions = {}) {
    this.#clock = clock
    this.#maxBytes = options.maxBytes ?? 64 * 2 ** 20
  }

  async append(event: E): Promise<JournalRecord<E>> {
    return this.appendSync(event)
  }

  appendSync(event: E): JournalRecord<E> {
    if (this.#closed) throw meshSwarmError('UNAVAILABLE', 'The journal is closed.')
    const line = encodeRecord(this.#nextSeq, this.#clock.now(), event)
    if (line.length > this.#maxBytes) {
      throw meshSwarmError('INVALID_INPUT', `An event takes at most ${this.#maxBytes} bytes.`, {
        details: { kind: event.kind, bytes: line.length },
      })
    }
    this.#nextSeq++
    this.#lines.push(line)
    this.#bytes += line.length
    this.#forget()
    return decoded<E>(line)
  }

  *read(): Generator<JournalRecord<E>> {
    for (const line of this.#lines.slice(this.#first)) yield decoded<E>(line)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #forget(): void {
    while (this.#bytes > this.#maxBytes) {
      this.#bytes -= this.#lines[this.#first]?.length ?? 0
      this.#first++
    }
    if (this.#first > this.#lines.length / 2) {
      this.#lines = this.#lines.slice(this.#first)
      this.#first = 0
    }
  }
}

function decoded<E extends JournalEvent>(line: string): JournalRecord<E> {
  const record = decodeRecord<E>(line.slice(0, -1))
  if (!record) throw meshSwarmError('INVARIANT', 'A record does not survive its own encoding.')
  return record
}
