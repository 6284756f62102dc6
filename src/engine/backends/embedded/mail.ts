import { type Clock, hasCode, type IdSource, meshSwarmError, type SwarmId } from '../../../core/index.ts'
import type { Database, SqlValue, Statement, Written } from '../../../store/index.ts'
import {
  type Address,
  type DeadLetter,
  type Mail,
  type MailboxStatus,
  type MailOptions,
  type MailReader,
  type Message,
  MOST_BODY,
  MOST_TOPICS,
  type StoredLetter,
  type TakenLetter,
} from '../mail.ts'
import type { Changes } from './changes.ts'
import { EmbeddedMailReader } from './mail-reader.ts'
import * as sql from './mail-sql.ts'

export interface MailComponents {
  readonly clock: Clock
  readonly database: Database
  readonly changes: Changes
  /** Names the readers. */
  readonly ids: IdSource
}

export class EmbeddedMail implements Mail {
  readonly #components: MailComponents
  readonly #capacity: number
  readonly #maxDeliveries: number
  readonly #keepDead: number

  constructor(
    components: MailComponents,
    { capacity = 256, maxDeliveries = 5, keepDead = 1000 }: MailOptions = {},
  ) {
    this.#components = components
    this.#capacity = capacity
    this.#maxDeliveries = maxDeliveries
    this.#keepDead = keepDead
  }

  async send(to: Address, message: Message): Promise<number> {
    const params = [...sql.keyOf(to), ...this.#columnsOf(message), this.#capacity]
    const sending = this.#change(to.swarm, [{ sql: sql.SEND, params, changes: 1 }])
    const [sent] = await orElse(sending, () => this.#full(to.agent))
    this.#tell()
    return Number(sent?.rows[0]?.id)
  }

  async publish(swarm: SwarmId, topic: string, message: Message): Promise<readonly StoredLetter[]> {
    const params = [swarm, topic, ...this.#columnsOf(message), this.#capacity]
    const [sent] = await this.#change(swarm, [{ sql: sql.PUBLISH, params }])
    this.#tell()
    return (sent?.rows ?? []).filter(({ reason }) => reason === null).map(sql.letterOf)
  }

  async subscribe(address: Address, topic: string): Promise<void> {
    const params = [...sql.keyOf(address), topic]
    const subscribing = this.#change(address.swarm, [
      { sql: sql.SUBSCRIBE, params },
      { sql: sql.CHECK_TOPICS, params: [...params, MOST_TOPICS], changes: 1 },
    ])
    const text = `Agent ${address.agent} is subscribed to ${MOST_TOPICS} topics already.`
    await orElse(subscribing, () =>
      meshSwarmError('INSUFFICIENT_RESOURCES', text, { details: { limit: MOST_TOPICS } }),
    )
  }

  async unsubscribe(address: Address, topic: string): Promise<boolean> {
    const params = [...sql.keyOf(address), topic]
    const [ended] = await this.#change(address.swarm, [{ sql: sql.UNSUBSCRIBE, params }])
    return ended?.changes === 1
  }

  async open(address: Address): Promise<MailReader> {
    const key = sql.keyOf(address)
    const reader = this.#components.ids.next('reader')
    const now = this.#components.clock.now()
    const opened = await this.#change(address.swarm, [
      { sql: sql.ENTER, params: [...key, reader] },
      { sql: sql.GIVE_UP, params: [...key, now, this.#maxDeliveries] },
      { sql: sql.GIVE_BACK, params: key },
      { sql: sql.NEWEST, params: [...key, reader] },
    ])
    this.#tell()
    const newest = Number(opened[3]?.rows[0]?.newest)
    const change = (statements: readonly Statement[]) => this.#change(address.swarm, statements)
    return new EmbeddedMailReader({ ...this.#components, change }, { address, reader, newest })
  }

  async acknowledge({ to, id, delivery }: TakenLetter): Promise<boolean> {
    const params = [to.swarm, id, delivery]
    const [removed] = await this.#change(to.swarm, [{ sql: sql.ACKNOWLEDGE, params }])
    return removed?.changes === 1
  }

  async remove(address: Address): Promise<void> {
    const key = sql.keyOf(address)
    await this.#change(address.swarm, [
      { sql: sql.BURY, params: [...key, this.#components.clock.now()] },
      { sql: sql.UNSUBSCRIBE_ALL, params: key },
      { sql: sql.LEAVE, params: key },
    ])
    this.#tell()
  }

  async mailboxes(swarm: SwarmId): Promise<readonly MailboxStatus[]> {
    const [found] = await this.#change(swarm, [{ sql: sql.MAILBOXES, params: [swarm] }])
    return (found?.rows ?? []).map(sql.mailboxOf)
  }

  async deadLetters(swarm: SwarmId): Promise<readonly DeadLetter[]> {
    const [found] = await this.#change(swarm, [{ sql: sql.DEAD, params: [swarm] }])
    return (found?.rows ?? []).map(sql.deadLetterOf)
  }

  async redeliver(swarm: SwarmId, id: number): Promise<boolean> {
    const params = [swarm, id]
    try {
      await this.#change(swarm, [
        { sql: sql.REDELIVER, params: [...params, this.#capacity], changes: 1 },
        { sql: sql.DROP, params, changes: 1 },
      ])
    } catch (error) {
      if (!hasCode(error, 'CONFLICT')) throw error
      const [dead] = await this.#components.database.read(sql.FIND_DEAD, params)
      if (dead) throw this.#full(String(dead.agent))
      return false
    }
    this.#tell()
    return true
  }

  async drop(swarm: SwarmId, id: number): Promise<boolean> {
    const [dropped] = await this.#change(swarm, [{ sql: sql.DROP, params: [swarm, id] }])
    return dropped?.changes === 1
  }

  /** Does it to letters of which none is over, and leaves no more dead ones than are kept. */
  async #change(swarm: SwarmId, statements: readonly Statement[]): Promise<readonly Written[]> {
    const { clock, database } = this.#components
    const expire = { sql: sql.EXPIRE, params: [swarm, clock.now()] }
    const trim = { sql: sql.TRIM, params: [swarm, this.#keepDead] }
    const written = await database.write([expire, ...statements, trim])
    return written.slice(1, -1)
  }

  /** Whoever reads: there may be something new, or somebody else who reads. */
  #tell(): void {
    this.#components.changes.tell('mail')
  }

  #full(agent: string): Error {
    const text = `The mailbox of ${agent} is full: ${this.#capacity} letters are in it.`
    return meshSwarmError('INSUFFICIENT_RESOURCES', text, { details: { agent, capacity: this.#capacity } })
  }

  #columnsOf({ from, body, ttlMs }: Message): SqlValue[] {
    const text = JSON.stringify(body)
    if (text.length > MOST_BODY) {
      const why = `The letter takes ${text.length} characters; ${MOST_BODY} at most.`
      throw meshSwarmError('INVALID_INPUT', why, { details: { characters: text.length, limit: MOST_BODY } })
    }
    const now = this.#components.clock.now()
    return [from, text, now, ttlMs === undefined ? null : now + ttlMs]
  }
}

/** Rejects with this error where something did not change what it has to. */
async function orElse<T>(changing: Promise<T>, error: () => Error): Promise<T> {
  try {
    return await changing
  } catch (cause) {
    throw hasCode(cause, 'CONFLICT') ? error() : cause
  }
}
