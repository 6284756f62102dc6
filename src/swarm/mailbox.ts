import {
  type AgentId,
  Channel,
  type Clock,
  fromUnknown,
  meshSwarmError,
  type SwarmId,
  throwIfCancelled,
} from '../core/index.ts'
import type { Mail } from '../engine/index.ts'
import { type Letter, type LossReason, letterEvidence } from './letter.ts'
import { isMark, LetterQueue, type Mark, type WaitingLetter } from './letter-queue.ts'
import type { LostLetters } from './lost-letters.ts'
import { StoredLetters } from './stored-letters.ts'

export interface MailboxComponents {
  readonly clock: Clock
  readonly lost: LostLetters
  /** Where durable letters come from, if anywhere. */
  readonly store?: MailboxStore | undefined
}

export interface MailboxStore {
  readonly mail: Mail
  readonly swarm: SwarmId
  /** Resolves when every mailbox of this process expects what was sent to it by now. */
  readonly settled: () => Promise<unknown>
}

export interface MailboxOptions {
  /** How many letters wait in memory at most. Default 256. */
  readonly capacity?: number
}

/** A message that is not durable, as it is delivered. */
export interface Delivery {
  readonly from: AgentId
  readonly body: unknown
  readonly topic?: string | undefined
  readonly ttlMs?: number | undefined
  readonly answer?: WaitingLetter['answer']
}

/**
 * The letters that wait for one agent, durable ones among them. Those of one sender are in the order in which its calls
 * have resolved. Read with `receive` or `for await`; leaving the loop leaves the mailbox as it is.
 */
export class Mailbox implements AsyncIterable<Letter> {
  readonly owner: AgentId
  readonly #components: MailboxComponents
  readonly #capacity: number
  readonly #stored: StoredLetters | undefined
  readonly #queue = new LetterQueue()
  readonly #counts = new Map<AgentId, number>()
  /** Rings for whoever waits, once somebody has waited: there is something to look at. */
  #bell: Channel<void> | undefined
  #firstExpected = Number.POSITIVE_INFINITY
  #opening: Promise<void> | undefined
  #failure: Error | undefined
  #closed = false

  constructor(components: MailboxComponents, owner: AgentId, { capacity = 256 }: MailboxOptions = {}) {
    this.owner = owner
    this.#components = components
    this.#capacity = capacity
    const { store } = components
    if (!store) return
    const onArrival = (id: number) => this.expect(id)
    const onFailure = (error: unknown) => this.#fail(fromUnknown(error))
    const address = { swarm: store.swarm, agent: owner }
    this.#stored = new StoredLetters({ mail: store.mail, onArrival, onFailure }, address)
  }

  /** Letters that wait in memory; durable ones wait in the store. */
  get size(): number {
    this.#dropExpired()
    return this.#queue.letters
  }

  /**
   * Throws INSUFFICIENT_RESOURCES when full: the sender may try again later. False once it is closed. Either way it is a
   * dead letter.
   */
  deliver({ from, body, topic, answer, ttlMs = Number.POSITIVE_INFINITY }: Delivery): boolean {
    const at = this.#components.clock.now()
    const letter = { from, topic, at, body, answer, endsAt: at + ttlMs }
    if (this.#closed) return this.#lose(letter, 'gone')
    if (this.size >= this.#capacity) {
      this.#lose(letter, 'full')
      const text = `The mailbox of ${this.owner} is full: its reader is too slow.`
      throw meshSwarmError('INSUFFICIENT_RESOURCES', text, { details: { capacity: this.#capacity } })
    }
    this.#queue.push(letter)
    this.#bell?.push()
    return true
  }

  /** A durable letter of this id comes behind what waits here, and before what is delivered from now on. */
  expect(id: number): void {
    if (this.#closed || this.#failure) return
    this.#firstExpected = Math.min(this.#firstExpected, id)
    this.#queue.mark(id)
    this.#bell?.push()
  }

  /**
   * The next letter; undefined once the mailbox is closed and empty. Rejects CANCELLED on abort: no letter is lost by
   * that. Rejects UNAVAILABLE when the store of the durable letters cannot be reached, CONFLICT once another process
   * reads them.
   */
  async receive(signal: AbortSignal): Promise<Letter | undefined> {
    for (;;) {
      if (this.#stored && !this.#closed) await this.#open(this.#stored)
      this.#check(signal)
      this.#dropExpired()
      const { first } = this.#queue
      if (!first) {
        if (this.#failure) throw this.#failure
        if (this.#closed) return undefined
        this.#bell ??= new Channel({ capacity: 1, overflow: 'drop-oldest' })
        await this.#bell.next(signal)
      } else if (!isMark(first)) {
        this.#queue.remove(first)
        return this.#handOver({ ...first, delivery: 1, acknowledge: async () => true })
      } else if (this.#stored) {
        const letter = await this.#take(this.#stored, first, signal)
        if (letter) return letter
      }
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Letter, void, undefined> {
    for (let letter = await this.receive(NEVER); letter; letter = await this.receive(NEVER)) yield letter
  }

  /** Takes no letter any more. What waits in memory can still be read; durable ones wait for the next process. */
  close(): void {
    this.#closed = true
    this.#stored?.close()
    this.#dropMarks()
  }

  /** Letters that were in the store before this mailbox was made come first. */
  async #open(stored: StoredLetters): Promise<void> {
    this.#opening ??= (async () => {
      const newest = await stored.open()
      await this.#components.store?.settled()
      const before = Math.min(newest, this.#firstExpected - 1)
      if (before > 0 && !this.#closed) this.#queue.markFirst(before)
    })()
    try {
      await this.#opening
    } catch (error) {
      this.#opening = undefined
      throw error
    }
  }

  /** The next durable letter up to the mark; where there is none, the mark goes. */
  async #take(stored: StoredLetters, mark: Mark, signal: AbortSignal): Promise<Letter | undefined> {
    const letter = await stored.take(mark.upTo)
    if (!letter) {
      this.#queue.remove(mark)
      return undefined
    }
    if (signal.aborted) stored.putBack(letter)
    this.#check(signal)
    const acknowledge = () => stored.acknowledge(letter)
    return this.#handOver({ ...letter, at: letter.sentAt, answer: undefined, acknowledge })
  }

  #handOver({ from, topic, at, body, delivery, acknowledge, answer }: HandedOver): Letter {
    const seq = (this.#counts.get(from) ?? 0) + 1
    this.#counts.set(from, seq)
    // A mark may stand for several letters.
    this.#wakeAnother()
    const to = this.owner
    const reply = (said: unknown) => {
      if (answer?.(said)) return true
      const now = this.#components.clock.now()
      this.#components.lost.add({ from: to, to: from, topic: undefined, at: now, body: said }, 'unawaited')
      return false
    }
    const evidence = () => letterEvidence({ from, at, body })
    return Object.freeze({ from, to, seq, at, topic, body, evidence, delivery, acknowledge, reply })
  }

  /** Throws CANCELLED on abort; what woke this reader is for another one then. */
  #check(signal: AbortSignal): void {
    if (signal.aborted) this.#wakeAnother()
    throwIfCancelled(signal, 'The read')
  }

  #wakeAnother(): void {
    if (!this.#queue.isEmpty) this.#bell?.push()
  }

  #lose(letter: WaitingLetter, reason: LossReason): false {
    this.#components.lost.add({ ...letter, to: this.owner }, reason)
    return false
  }

  #dropExpired(): void {
    for (const letter of this.#queue.removeExpired(this.#components.clock.now()))
      this.#lose(letter, 'expired')
  }

  /** What waits in memory can still be read. */
  #fail(error: Error): void {
    this.#failure = error
    this.#dropMarks()
  }

  /** No durable letter comes any more. */
  #dropMarks(): void {
    this.#queue.removeMarks()
    this.#bell?.close()
  }
}

type HandedOver = Omit<Letter, 'to' | 'seq' | 'reply' | 'evidence'> & Pick<WaitingLetter, 'answer'>

const NEVER = new AbortController().signal
