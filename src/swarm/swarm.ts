import {
  type AgentId,
  attempt,
  type Clock,
  meshSwarmError,
  type Result,
  type SwarmId,
  swarmId,
} from '../core/index.ts'
import { MAX_WORKERS, type SwarmBackend, WorkerPool, type WorkLimits } from '../engine/index.ts'
import { Agent, type AgentKind, type AgentOptions, type AgentStatus } from './agent.ts'
import { checkAgentCount, mixedCrew } from './crew.ts'
import type { LostLetter } from './letter.ts'
import type { MailboxOptions } from './mailbox.ts'
import { PostOffice } from './post-office.ts'
import { share } from './share.ts'
import { SWARM_TRANSITIONS, type SwarmState } from './swarm-state.ts'

export interface SwarmComponents {
  readonly clock: Clock
  /** Keeps what its agents send as `durable`, under the name of the swarm; without one, nothing is. */
  readonly backend?: Pick<SwarmBackend, 'mail'>
}

export interface SwarmOptions {
  /** Another one of the same name gets the durable messages that wait. */
  readonly swarmId?: SwarmId
  /** Who is in it, or how many of mixed kinds. */
  readonly agents: number | readonly AgentOptions[]
  /** Items go to agents of another kind where none of their own is free. Default false. */
  readonly flexible?: boolean
  readonly mailbox?: MailboxOptions
}

export interface FanOutRequest extends WorkLimits {
  /** Who may take the items. Where the swarm has none of that kind, any agent may. */
  readonly kind: AgentKind | 'any'
  /** Overrides the swarm's `flexible`. */
  readonly flexible?: boolean
  /** Higher goes first and starves nobody. Default 0. */
  readonly priority?: number
}

export interface SwarmStatistics {
  readonly swarmId: SwarmId
  readonly elapsedMs: number
  /** Sum over the agents: what one agent would have needed for the same work. */
  readonly busyMs: number
  /** How many agents were busy on average. */
  readonly parallelism: number
  readonly agents: readonly AgentStatus[]
}

/** 1 to 100 agents with one goal. Parallelism comes from their number only. */
export class Swarm {
  readonly swarmId: SwarmId
  /** The agents as workers, for `runGraph` and for a `StepWorker`. */
  readonly pool: WorkerPool<Agent>
  readonly #clock: Clock
  readonly #flexible: boolean
  readonly #mailbox: MailboxOptions
  readonly #post: PostOffice
  readonly #byId = new Map<AgentId, Agent>()
  readonly #startedAt: number
  #state: SwarmState = 'active'
  #scaling = false
  #ending: Promise<void> | undefined

  /** Throws SWARM_LIMIT_EXCEEDED unless there are 1 to 100 agents, INVALID_INPUT for an id used twice. */
  constructor({ clock, backend }: SwarmComponents, options: SwarmOptions) {
    const crew = typeof options.agents === 'number' ? mixedCrew(options.agents) : options.agents
    checkAgentCount(crew.length)
    this.swarmId = options.swarmId ?? swarmId('swarm')
    this.#clock = clock
    this.#mailbox = options.mailbox ?? {}
    this.#post = new PostOffice({ clock, mail: backend?.mail }, { swarm: this.swarmId })
    for (const one of crew) this.#newAgent(one)
    if (this.#byId.size < crew.length) throw meshSwarmError('INVALID_INPUT', 'Two agents have the same id.')
    this.pool = new WorkerPool(this.agents)
    this.#flexible = options.flexible ?? false
    this.#startedAt = clock.now()
  }

  get agents(): readonly Agent[] {
    return [...this.#byId.values()]
  }

  get size(): number {
    return this.#byId.size
  }

  get state(): SwarmState {
    return this.#state
  }

  /** Messages that reached nobody and were not durable, the longest lost first: the newest 256. */
  get lostLetters(): readonly LostLetter[] {
    return this.#post.lost
  }

  /** Throws AGENT_NOT_FOUND. */
  agent(id: AgentId): Agent {
    const agent = this.#byId.get(id)
    if (!agent) throw meshSwarmError('AGENT_NOT_FOUND', `There is no agent ${id} in ${this.swarmId}.`)
    return agent
  }

  /**
   * Gives each item to a free agent; what finds none waits in a fair queue. Results are in the order of the
   * items. Never rejects: a failed, timed-out or cancelled item is a failed result and touches no other. After
   * an abort the items that were not started are CANCELLED; so is everything once the swarm is terminated.
   *
   * `work` must not wait for a fan-out over the same swarm: it holds its agent meanwhile.
   */
  fanOut<I, O>(
    request: AgentKind | 'any' | FanOutRequest,
    items: readonly I[],
    work: (agent: Agent, item: I, signal: AbortSignal) => O | Promise<O>,
    signal: AbortSignal,
  ): Promise<readonly Result<O>[]> {
    const {
      kind,
      flexible = this.#flexible,
      priority,
      ...limits
    }: FanOutRequest = typeof request === 'string' ? { kind: request } : request
    const wanted = { kind: kind === 'any' ? undefined : kind, flexible, priority }
    return Promise.all(
      items.map((item) => {
        const task = { ...limits, run: (agent: Agent, inner: AbortSignal) => work(agent, item, inner) }
        return attempt(() => this.pool.run(wanted, task, signal))
      }),
    )
  }

  /** Divides items among the agents of a kind, or among all where it has none: see `share`. */
  share<I>(
    items: readonly I[],
    {
      kind = 'monitor',
      key = String,
    }: { readonly kind?: AgentKind; readonly key?: (item: I) => string } = {},
  ): ReadonlyMap<AgentId, readonly I[]> {
    const own = this.agents.filter((agent) => agent.kind === kind)
    const owners = own.length > 0 ? own : this.agents
    return share(
      owners.map(({ agentId }) => agentId),
      items,
      key,
    )
  }

  /** The agent takes no further task until `resume`. Throws AGENT_NOT_FOUND. */
  pause(id: AgentId): void {
    this.#pauseAgent(this.agent(id))
  }

  resume(id: AgentId): void {
    this.#resumeAgent(this.agent(id))
  }

  /** Nobody takes a further task until `resumeAll`. A second call does nothing. Throws CONFLICT once it is ending. */
  pauseAll(): void {
    if (this.#state === 'paused') return
    this.#become('paused')
    for (const agent of this.#byId.values()) this.#pauseAgent(agent)
  }

  resumeAll(): void {
    if (this.#state === 'active') return
    this.#become('active')
    for (const agent of this.#byId.values()) this.#resumeAgent(agent)
  }

  /**
   * Takes agents of mixed kinds in, or the latest ones out, until there are so many. Resolves when those that leave
   * have ended their tasks; durable letters to them are dead then. Rejects SWARM_LIMIT_EXCEEDED unless 1 to 100, SCALING_IN_PROGRESS before the last call
   * has ended, CONFLICT once it is ending.
   */
  async scale(count: number): Promise<void> {
    checkAgentCount(count)
    if (this.#ending) throw this.#refusal('scaled')
    if (this.#scaling) throw meshSwarmError('SCALING_IN_PROGRESS', `${this.swarmId} is being scaled already.`)
    this.#scaling = true
    try {
      const free = mixedCrew(MAX_WORKERS).filter(({ agentId }) => !this.#byId.has(agentId))
      for (const one of free.slice(0, Math.max(0, count - this.size))) {
        const agent = this.#newAgent(one)
        this.pool.add(agent)
        if (this.#state === 'paused') this.#pauseAgent(agent)
      }
      const leaving = this.agents.slice(count)
      await Promise.all(leaving.map((agent) => this.#dismiss(agent)))
    } finally {
      this.#scaling = false
    }
  }

  statistics(): SwarmStatistics {
    const agents = this.agents.map((agent) => agent.reportStatus())
    const elapsedMs = this.#clock.now() - this.#startedAt
    const busyMs = agents.reduce((sum, agent) => sum + agent.busyMs, 0)
    const parallelism = elapsedMs > 0 ? busyMs / elapsedMs : 0
    return Object.freeze({ swarmId: this.swarmId, elapsedMs, busyMs, parallelism, agents })
  }

  /**
   * Stops every agent, and refuses with CANCELLED what waits and what comes. Resolves when no task runs any
   * more, but for those that outlived their grace. A second call returns the first one's promise.
   */
  terminate(): Promise<void> {
    this.#ending ??= this.#terminate()
    return this.#ending
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.terminate()
  }

  async #dismiss(agent: Agent): Promise<void> {
    this.#byId.delete(agent.agentId)
    await this.pool.remove(agent)
    await agent.terminate()
    await this.#post.leave(agent.agentId)
  }

  #newAgent(options: AgentOptions): Agent {
    const agent = new Agent({ clock: this.#clock, post: this.#post }, { ...this.#mailbox, ...options })
    this.#byId.set(agent.agentId, agent)
    return agent
  }

  #pauseAgent(agent: Agent): void {
    this.pool.suspend(agent)
    agent.pause()
  }

  #resumeAgent(agent: Agent): void {
    agent.resume()
    this.pool.resume(agent)
  }

  #become(state: SwarmState): void {
    if (!SWARM_TRANSITIONS[this.#state].includes(state)) throw this.#refusal(state)
    this.#state = state
  }

  #refusal(what: string): Error {
    return meshSwarmError('CONFLICT', `${this.swarmId} is ${this.#state} and cannot be ${what} any more.`)
  }

  async #terminate(): Promise<void> {
    this.#become('terminating')
    this.pool.close(meshSwarmError('CANCELLED', `${this.swarmId} was terminated.`))
    await Promise.all(this.agents.map((agent) => agent.terminate()))
    this.#become('terminated')
  }
}
