import { type AgentId, Channel } from '../core/index.ts'

/** A message on its way: frozen. `seq` counts the letters of one sender to one mailbox, from 1. */
export interface Letter {
  readonly from: AgentId
  readonly to: AgentId
  readonly seq: number
  readonly at: number
  readonly body: unknown
}

export interface MailboxOptions {
  /** How many letters wait at most. Default 256. */
  readonly capacity?: number
}

/** The letters that wait for one agent, in the order of their arrival. Read with `receive` or `for await`. */
export class Mailbox implements AsyncIterable<Letter> {
  readonly owner: AgentId
  readonly #letters: Channel<Letter>
  readonly #counts = new Map<AgentId, number>()

  constructor(owner: AgentId, { capacity = 256 }: MailboxOptions = {}) {
    this.owner = owner
    this.#letters = new Channel({ capacity, overflow: 'fail' })
  }

  get size(): number {
    return this.#letters.size
  }

  /** Throws INSUFFICIENT_RESOURCES when full: the sender may try again later. False once it is closed. */
  deliver(from: AgentId, body: unknown, at: number): boolean {
    const seq = (this.#counts.get(from) ?? 0) + 1
    const taken = this.#letters.push(Object.freeze({ from, to: this.owner, seq, at, body }))
    if (taken) this.#counts.set(from, seq)
    return taken
  }

  /** The next letter; undefined once the mailbox is closed and empty. Rejects CANCELLED on abort. */
  async receive(signal: AbortSignal): Promise<Letter | undefined> {
    const { value } = await this.#letters.next(signal)
    return value
  }

  [Symbol.asyncIterator](): AsyncIterator<Letter> {
    return this.#letters[Symbol.asyncIterator]()
  }

  /** Takes no letter any more; what waits can still be read. */
  close(): void {
    this.#letters.close()
  }
}
