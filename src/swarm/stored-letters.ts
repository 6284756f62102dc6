import type { Address, Mail, MailReader, TakenLetter } from '../engine/index.ts'

export interface StoredLettersComponents {
  readonly mail: Mail
  /** There may be letters up to this id that were not there before. */
  readonly onArrival: (id: number) => void
  /** Nothing more can be read: another process reads the mailbox, or the store is closed. */
  readonly onFailure: (error: unknown) => void
}

/** The durable letters of one mailbox, once `open` has resolved. */
export class StoredLetters {
  readonly #components: StoredLettersComponents
  readonly #address: Address
  readonly #end = new AbortController()
  /** Taken, and not handed over yet: by their ids. */
  readonly #held: TakenLetter[] = []
  #reader: MailReader | undefined

  constructor(components: StoredLettersComponents, address: Address) {
    this.#components = components
    this.#address = address
  }

  /** Gives the id of the last letter that waits, 0 for none. Rejects UNAVAILABLE; then it can be tried again. */
  async open(): Promise<number> {
    const reader = await this.#components.mail.open(this.#address)
    this.#reader = reader
    void this.#watch(reader)
    return reader.newest
  }

  /**
   * The next one, unless it came after this id or there is none. It stays with this mailbox until it is acknowledged.
   * Rejects CONFLICT once another process reads the mailbox.
   */
  async take(upTo: number): Promise<TakenLetter | undefined> {
    const letter = this.#held.shift() ?? (await this.#reader?.take())
    if (!letter || letter.id <= upTo) return letter
    this.putBack(letter)
    // Once taken, it does not count as an arrival any more.
    this.#components.onArrival(letter.id)
    return undefined
  }

  /** For the next one who takes. */
  putBack(letter: TakenLetter): void {
    this.#held.push(letter)
    this.#held.sort((a, b) => a.id - b.id)
  }

  acknowledge(letter: TakenLetter): Promise<boolean> {
    return this.#components.mail.acknowledge(letter)
  }

  /** What was not acknowledged waits for the next reader. */
  close(): void {
    this.#end.abort()
  }

  async #watch(reader: MailReader): Promise<void> {
    const { signal } = this.#end
    try {
      for await (const id of reader.arrivals(reader.newest, signal)) this.#components.onArrival(id)
    } catch (error) {
      if (!signal.aborted) this.#components.onFailure(error)
    }
  }
}
