import { type AgentId, meshSwarmError, type SwarmId } from '../core/index.ts'
import { type Mail, MOST_TOPICS } from '../engine/index.ts'

/** Who of a swarm is subscribed to what. With a store, that is where it stands, also after a restart. */
export class Topics {
  readonly #swarm: SwarmId
  readonly #mail: Mail | undefined
  readonly #byTopic = new Map<string, Set<AgentId>>()
  #loading: Promise<void> | undefined

  constructor({ mail }: { readonly mail: Mail | undefined }, { swarm }: { readonly swarm: SwarmId }) {
    this.#mail = mail
    this.#swarm = swarm
  }

  /** In the order in which they came. */
  async subscribers(topic: string): Promise<readonly AgentId[]> {
    await this.#load()
    return [...(this.#byTopic.get(topic) ?? [])]
  }

  /** Does nothing where it is subscribed already. Rejects INSUFFICIENT_RESOURCES beyond 100 topics. */
  async add(topic: string, agent: AgentId): Promise<void> {
    await this.#load()
    const topics = [...this.#byTopic].filter(([name, agents]) => name !== topic && agents.has(agent))
    if (topics.length >= MOST_TOPICS) {
      const text = `Agent ${agent} is subscribed to ${MOST_TOPICS} topics already.`
      throw meshSwarmError('INSUFFICIENT_RESOURCES', text, { details: { limit: MOST_TOPICS } })
    }
    await this.#mail?.subscribe({ swarm: this.#swarm, agent }, topic)
    this.#note(topic, agent)
  }

  /** False where it was not subscribed. */
  async delete(topic: string, agent: AgentId): Promise<boolean> {
    await this.#load()
    await this.#mail?.unsubscribe({ swarm: this.#swarm, agent }, topic)
    return this.#strike(topic, agent)
  }

  /** From all topics, in this process. */
  forget(agent: AgentId): void {
    for (const topic of [...this.#byTopic.keys()]) this.#strike(topic, agent)
  }

  #note(topic: string, agent: AgentId): void {
    this.#byTopic.set(topic, (this.#byTopic.get(topic) ?? new Set()).add(agent))
  }

  #strike(topic: string, agent: AgentId): boolean {
    const agents = this.#byTopic.get(topic)
    const struck = agents?.delete(agent) ?? false
    if (agents?.size === 0) this.#byTopic.delete(topic)
    return struck
  }

  /** Once: the agents of a swarm are in one process. */
  async #load(): Promise<void> {
    this.#loading ??= (async () => {
      for (const { agent, topics } of (await this.#mail?.mailboxes(this.#swarm)) ?? [])
        for (const topic of topics) this.#note(topic, agent)
    })()
    try {
      await this.#loading
    } catch (error) {
      this.#loading = undefined
      throw error
    }
  }
}
