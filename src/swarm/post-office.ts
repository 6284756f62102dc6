import {
  type AgentId,
  type Clock,
  cancelledError,
  meshSwarmError,
  onAbort,
  type SwarmId,
  throwIfCancelled,
} from '../core/index.ts'
import type { Mail, Message } from '../engine/index.ts'
import {
  durableBody,
  type LostLetter,
  type RequestOptions,
  requestOptions,
  type SendOptions,
  sendOptions,
  topicName,
} from './letter.ts'
import { LostLetters } from './lost-letters.ts'
import { type Delivery, Mailbox, type MailboxOptions } from './mailbox.ts'
import { Topics } from './topics.ts'

export interface PostOfficeComponents {
  readonly clock: Clock
  /** Without one, nothing is durable. */
  readonly mail?: Mail | undefined
}

/** Brings the messages of the agents of one swarm to their mailboxes. */
export class PostOffice {
  readonly #clock: Clock
  readonly #mail: Mail | undefined
  readonly #swarm: SwarmId
  readonly #lost: LostLetters
  readonly #topics: Topics
  readonly #mailboxes = new Map<AgentId, Mailbox>()
  /** Until the mailboxes expect what is stored. */
  readonly #sending = new Set<Promise<unknown>>()

  constructor({ clock, mail }: PostOfficeComponents, { swarm }: { readonly swarm: SwarmId }) {
    this.#clock = clock
    this.#mail = mail
    this.#swarm = swarm
    this.#lost = new LostLetters({ clock })
    this.#topics = new Topics({ mail }, { swarm })
  }

  /** The dead letters that were not durable, the longest lost first: the newest 256. */
  get lost(): readonly LostLetter[] {
    return this.#lost.all
  }

  /** Makes the mailbox of an agent. */
  enter(agent: AgentId, options: MailboxOptions): Mailbox {
    const settled = () => Promise.allSettled(this.#sending)
    const store = this.#mail && { mail: this.#mail, swarm: this.#swarm, settled }
    const mailbox = new Mailbox({ clock: this.#clock, lost: this.#lost, store }, agent, options)
    this.#mailboxes.set(agent, mailbox)
    return mailbox
  }

  /** The agent has left for good: what waits for it in the store is dead, and its subscriptions end. */
  async leave(agent: AgentId): Promise<void> {
    this.#mailboxes.delete(agent)
    this.#topics.forget(agent)
    await this.#mail?.remove({ swarm: this.#swarm, agent })
  }

  /** See `Agent.communicate`. */
  async send(from: AgentId, to: AgentId, message: unknown, options: SendOptions): Promise<void> {
    const { durable, ttlMs } = sendOptions(options)
    if (!durable) return this.#deliver(to, { from, body: message, ttlMs })
    const body = durableBody(message)
    const mail = this.#store()
    const mailbox = this.#find(to, { from, body })
    const sending = mail.send({ swarm: this.#swarm, agent: to }, { from, body, ttlMs })
    await this.#announce(sending.then((id) => mailbox.expect(id)))
  }

  /** See `Agent.publish`. */
  async publish(from: AgentId, name: string, message: unknown, options: SendOptions): Promise<number> {
    const { durable, ttlMs } = sendOptions(options)
    const topic = topicName(name)
    if (durable) return this.#publishDurably(topic, { from, body: durableBody(message), ttlMs })
    let reached = 0
    for (const to of await this.#topics.subscribers(topic)) {
      try {
        this.#deliver(to, { from, body: message, topic, ttlMs })
        reached += 1
      } catch {
        // A dead letter by now; the others are to get theirs.
      }
    }
    return reached
  }

  /** See `Agent.subscribe`. */
  async subscribe(agent: AgentId, topic: string): Promise<void> {
    await this.#topics.add(topicName(topic), agent)
  }

  /** See `Agent.unsubscribe`. */
  async unsubscribe(agent: AgentId, topic: string): Promise<boolean> {
    return this.#topics.delete(topicName(topic), agent)
  }

  /** See `Agent.request`. */
  async request(
    from: AgentId,
    to: AgentId,
    message: unknown,
    options: RequestOptions,
    signal: AbortSignal,
  ): Promise<unknown> {
    const { deadlineMs } = requestOptions(options)
    throwIfCancelled(signal, 'The request')
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    let waiting = true
    const end = (settle: () => void) => {
      if (!waiting) return false
      waiting = false
      settle()
      return true
    }
    const text = `Agent ${to} did not answer within ${deadlineMs} ms.`
    const cancel = this.#clock.after(deadlineMs, () => end(() => reject(meshSwarmError('TIMEOUT', text))))
    const deaf = onAbort(signal, () => end(() => reject(cancelledError(signal, 'The request'))))
    const answer = (body: unknown) => end(() => resolve(body))
    try {
      this.#deliver(to, { from, body: message, ttlMs: deadlineMs, answer })
      return await promise
    } finally {
      cancel()
      deaf()
    }
  }

  async #publishDurably(topic: string, message: Message): Promise<number> {
    const publishing = this.#store().publish(this.#swarm, topic, message)
    const letters = await this.#announce(
      publishing.then((sent) => {
        for (const { to, id } of sent) this.#mailboxes.get(to.agent)?.expect(id)
        return sent
      }),
    )
    return letters.length
  }

  /** Throws AGENT_NOT_FOUND, INSUFFICIENT_RESOURCES or UNAVAILABLE: it is a dead letter then. */
  #deliver(to: AgentId, delivery: Delivery): void {
    if (this.#find(to, delivery).deliver(delivery)) return
    throw meshSwarmError('UNAVAILABLE', `Agent ${to} takes no messages any more.`)
  }

  #find(to: AgentId, { from, topic, body }: Delivery): Mailbox {
    const mailbox = this.#mailboxes.get(to)
    if (mailbox) return mailbox
    this.#lost.add({ from, to, topic, at: this.#clock.now(), body }, 'stranger')
    throw meshSwarmError('AGENT_NOT_FOUND', `There is no agent ${to} in ${this.#swarm}.`)
  }

  #store(): Mail {
    if (this.#mail) return this.#mail
    const text = `${this.#swarm} has no backend that could keep a durable message: give it one.`
    throw meshSwarmError('INVALID_CONFIGURATION', text)
  }

  async #announce<T>(sending: Promise<T>): Promise<T> {
    this.#sending.add(sending)
    try {
      return await sending
    } finally {
      this.#sending.delete(sending)
    }
  }
}
