import {
  Channel,
  type Clock,
  cancelledError,
  fromUnknown,
  type IdSource,
  meshSwarmError,
} from '../../../core/index.ts'
import type { Database, Row } from '../../../store/index.ts'
import type { Json } from '../json.ts'
import type { BusMessage, MessageBus } from '../swarm-backend.ts'
import { type Changes, follow } from './changes.ts'
import { checkSubject, matcher } from './subject.ts'

/** Whoever listens has read a message by then. */
const KEEP_MS = 10_000
const CAPACITY = 1000

const PUBLISH = 'INSERT INTO message (subject, body, answer_to, at) VALUES (?, ?, ?, ?)'
const FORGET = 'DELETE FROM message WHERE id < (SELECT min(id) FROM message WHERE at > ?)'
const READ = 'SELECT id, subject, body, answer_to FROM message WHERE id > ? ORDER BY id'

interface Listener {
  readonly matches: (subject: string) => boolean
  readonly channel: Channel<BusMessage>
}

export class EmbeddedMessageBus implements MessageBus {
  readonly #clock: Clock
  readonly #database: Database
  readonly #changes: Changes
  readonly #ids: IdSource
  readonly #listeners = new Set<Listener>()
  #ended: Error | undefined

  private constructor(components: BusComponents, seen: number) {
    this.#clock = components.clock
    this.#database = components.database
    this.#changes = components.changes
    this.#ids = components.ids
    void this.#deliver(seen)
  }

  static async open(components: BusComponents): Promise<EmbeddedMessageBus> {
    // Not the last row: the table may be empty although ids have been given away.
    const sql = "SELECT seq FROM sqlite_sequence WHERE name = 'message'"
    const [row] = await components.database.read(sql)
    return new EmbeddedMessageBus(components, Number(row?.seq ?? 0))
  }

  publish(subject: string, body: Json): Promise<void> {
    return this.#publish(subject, body, null)
  }

  subscribe(subject: string, signal: AbortSignal): AsyncIterable<BusMessage> {
    const release = this.#changes.hold()
    const listener: Listener = {
      matches: matcher(subject),
      channel: new Channel({
        ...{ capacity: CAPACITY, overflow: 'drop-oldest', signal },
        onEnd: () => {
          release()
          this.#listeners.delete(listener)
        },
      }),
    }
    if (this.#ended) listener.channel.fail(this.#ended)
    if (!listener.channel.ended) this.#listeners.add(listener)
    return listener.channel
  }

  async request(subject: string, body: Json, timeoutMs: number, signal: AbortSignal): Promise<Json> {
    const answerTo = `answer.${this.#ids.next('request').replaceAll('.', '-')}`
    const enough = new AbortController()
    const onAbort = () => enough.abort(cancelledError(signal, 'The request'))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    const cancel = this.#clock.after(timeoutMs, () =>
      enough.abort(meshSwarmError('TIMEOUT', `Nobody answered ${subject} within ${timeoutMs} ms.`)),
    )
    try {
      enough.signal.throwIfAborted()
      const answers = this.subscribe(answerTo, enough.signal)
      await this.#publish(subject, body, answerTo)
      for await (const { body: answer } of answers) return answer
      throw meshSwarmError('UNAVAILABLE', 'The bus was closed before an answer came.')
    } catch (error) {
      throw enough.signal.aborted ? enough.signal.reason : error
    } finally {
      cancel()
      signal.removeEventListener('abort', onAbort)
      enough.abort()
    }
  }

  async #publish(subject: string, body: Json, answerTo: string | null): Promise<void> {
    checkSubject(subject)
    const now = this.#clock.now()
    await this.#database.write([
      { sql: PUBLISH, params: [subject, JSON.stringify(body), answerTo, now] },
      { sql: FORGET, params: [now - KEEP_MS] },
    ])
    this.#changes.tell('message')
  }

  /** One reader for all listeners, until the backend is closed. */
  async #deliver(seen: number): Promise<void> {
    const read = (after: number) => this.#database.read(READ, [after])
    try {
      // By itself it is no reason to go on: those who listen are.
      const options = { idle: true }
      const id = (row: Row) => Number(row.id)
      for await (const rows of follow(this.#changes, 'message', seen, read, id, NEVER, options)) {
        for (const { subject, body, answer_to } of rows)
          this.#hand(String(subject), JSON.parse(String(body)), answer_to)
      }
    } catch (error) {
      this.#ended = fromUnknown(error)
      for (const { channel } of [...this.#listeners]) channel.fail(this.#ended)
    }
  }

  #hand(subject: string, body: Json, answerTo: unknown): void {
    const reply = async (answer: Json) => {
      if (typeof answerTo === 'string') await this.#publish(answerTo, answer, null)
    }
    for (const { matches, channel } of this.#listeners) {
      if (matches(subject)) channel.push({ subject, body, reply })
    }
  }
}

export interface BusComponents {
  readonly clock: Clock
  readonly database: Database
  readonly changes: Changes
  readonly ids: IdSource
}

const NEVER = new AbortController().signal
