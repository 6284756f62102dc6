import { type AgentId, type Clock, meshSwarmError } from '../core/index.ts'
import { type Supervised, supervise, type Worker, WorkerPool, type WorkTask } from '../engine/index.ts'
import { tracedPart } from '../telemetry/index.ts'
import { type AgentPolicy, limitsUnder } from './agent-policy.ts'
import { type AgentState, canBecome } from './agent-state.ts'
import type { RequestOptions, SendOptions } from './letter.ts'
import type { Mailbox, MailboxOptions } from './mailbox.ts'
import type { PostOffice } from './post-office.ts'

export const AGENT_KINDS = ['monitor', 'analyst', 'planner', 'executor', 'verifier'] as const
export type AgentKind = (typeof AGENT_KINDS)[number]

export interface AgentOptions extends MailboxOptions {
  readonly agentId: AgentId
  readonly kind: AgentKind
  /** What it is for, in words. What it may do is decided where it is done (`security/`). */
  readonly capabilities?: readonly string[]
  readonly policy?: AgentPolicy
}

export interface AgentComponents {
  readonly clock: Clock
  /** Of its swarm. */
  readonly post: PostOffice
}

export interface AgentStatus {
  readonly agentId: AgentId
  readonly kind: AgentKind
  readonly state: AgentState
  readonly capabilities: readonly string[]
  readonly tasksDone: number
  readonly tasksFailed: number
  /** Time spent on tasks so far, the running one included. */
  readonly busyMs: number
  /** In memory; durable ones wait in the store. */
  readonly waitingLetters: number
}

export type AgentTask<T> = WorkTask<T, Agent>

/**
 * A sequential worker with a name: one task at a time, whoever asks; the others wait for their turn. A failed
 * task is the task's failure and not the agent's.
 */
export class Agent implements Worker {
  readonly agentId: AgentId
  readonly id: string
  readonly kind: AgentKind
  readonly capabilities: readonly string[]
  readonly policy: AgentPolicy
  readonly mailbox: Mailbox
  readonly #components: AgentComponents
  readonly #turns: WorkerPool<Worker>
  readonly #controller = new AbortController()
  #state: AgentState = 'initializing'
  #paused = false
  #current: Supervised<unknown> | undefined
  #startedAt: number | undefined
  #busyMs = 0
  #tasksDone = 0
  #tasksFailed = 0
  #ending: Promise<void> | undefined

  constructor(components: AgentComponents, options: AgentOptions) {
    this.#components = components
    this.agentId = options.agentId
    this.id = options.agentId
    this.kind = options.kind
    this.capabilities = Object.freeze([...(options.capabilities ?? [])])
    this.policy = Object.freeze({ ...options.policy })
    this.mailbox = components.post.enter(options.agentId, options)
    const about = { subject: this.kind, attributes: { 'meshswarm.worker': this.id } }
    this.#turns = new WorkerPool<Worker>([
      {
        id: this.id,
        kind: this.kind,
        whenFree: () => this.whenFree(),
        perform: (task, signal) =>
          tracedPart('invoke_agent', about, () => this.#perform(task as AgentTask<never>, signal)),
      },
    ])
    this.#become('idle')
  }

  get state(): AgentState {
    return this.#state
  }

  /**
   * Does the task when it is its turn. Rejects like the task; TIMEOUT and CANCELLED as in `Supervised`;
   * CANCELLED once the agent is terminated. A task that calls this on its own agent waits for itself for ever.
   */
  executeTask<T>(task: AgentTask<T>, signal: AbortSignal): Promise<T> {
    return this.#turns.run({}, task as WorkTask<T, Worker>, signal)
  }

  /** `executeTask`, as a pool calls it. */
  perform<T>(task: WorkTask<T, this>, signal: AbortSignal): Promise<T> {
    return this.executeTask(task as AgentTask<T>, signal)
  }

  async whenFree(): Promise<void> {
    await this.#current?.ended
  }

  /**
   * Rejects AGENT_NOT_FOUND for a stranger, INSUFFICIENT_RESOURCES for a full mailbox, UNAVAILABLE for a closed one. With
   * `durable` it is in the store when this resolves, and its body is JSON of 64 Ki characters at most (INVALID_INPUT);
   * rejects INVALID_CONFIGURATION where the swarm has no backend.
   */
  communicate(target: AgentId, message: unknown, options: SendOptions = {}): Promise<void> {
    return this.#components.post.send(this.agentId, target, message, options)
  }

  /**
   * To everybody who is subscribed by now. Gives how many mailboxes it reached: for one that is full there is a dead
   * letter instead. Rejects like `communicate` but for that.
   */
  publish(topic: string, message: unknown, options: SendOptions = {}): Promise<number> {
    return this.#components.post.publish(this.agentId, topic, message, options)
  }

  /** Also after a restart, where the swarm has a backend. Rejects INSUFFICIENT_RESOURCES beyond 100 topics. */
  subscribe(topic: string): Promise<void> {
    return this.#components.post.subscribe(this.agentId, topic)
  }

  /** What has come until now stays. False where it was not subscribed. */
  unsubscribe(topic: string): Promise<boolean> {
    return this.#components.post.unsubscribe(this.agentId, topic)
  }

  /**
   * The answer of another agent in this process: what it says with `reply`. Rejects like `communicate`, with TIMEOUT at
   * the deadline and CANCELLED on abort. A request that nobody has read by the deadline is a dead letter, and so is an
   * answer that comes after it.
   */
  request(target: AgentId, message: unknown, options: RequestOptions, signal: AbortSignal): Promise<unknown> {
    return this.#components.post.request(this.agentId, target, message, options, signal)
  }

  reportStatus(): AgentStatus {
    const running = this.#startedAt === undefined ? 0 : this.#components.clock.now() - this.#startedAt
    return Object.freeze({
      agentId: this.agentId,
      kind: this.kind,
      state: this.#state,
      capabilities: this.capabilities,
      tasksDone: this.#tasksDone,
      tasksFailed: this.#tasksFailed,
      busyMs: this.#busyMs + running,
      waitingLetters: this.mailbox.size,
    })
  }

  /** Takes no further task until `resume`; the present one goes on. In a swarm, use `Swarm.pause`. */
  pause(): void {
    if (this.#ending || this.#paused) return
    this.#paused = true
    for (const worker of this.#turns.workers) this.#turns.suspend(worker)
    if (this.#state === 'idle' && this.#turns.free > 0) this.#become('paused')
  }

  resume(): void {
    if (this.#ending || !this.#paused) return
    this.#paused = false
    if (this.#state === 'paused') this.#become('idle')
    for (const worker of this.#turns.workers) this.#turns.resume(worker)
  }

  /**
   * Stops the present task, refuses the waiting ones with CANCELLED and closes the mailbox. Resolves at the end
   * of the task or of its grace. A second call returns the first one's promise.
   */
  terminate(): Promise<void> {
    this.#ending ??= this.#end()
    return this.#ending
  }

  async #end(): Promise<void> {
    this.#become('terminating')
    const error = meshSwarmError('CANCELLED', `Agent ${this.agentId} was terminated.`)
    this.#turns.close(error)
    this.#controller.abort(error)
    this.mailbox.close()
    await this.#current?.result.catch(() => undefined)
    this.#become('terminated')
  }

  async #perform<T>(task: AgentTask<T>, signal: AbortSignal): Promise<T> {
    this.#controller.signal.throwIfAborted()
    this.#become('active')
    const { clock } = this.#components
    const startedAt = clock.now()
    this.#startedAt = startedAt
    let running = true
    const work = async (inner: AbortSignal) => {
      try {
        return await task.run(this, inner)
      } finally {
        running = false
      }
    }
    const limits = limitsUnder(this.policy, task)
    const supervised = supervise(work, limits, clock, [signal, this.#controller.signal])
    this.#current = supervised
    try {
      const value = await supervised.result
      this.#tasksDone++
      return value
    } catch (error) {
      this.#tasksFailed++
      throw error
    } finally {
      this.#busyMs += clock.now() - startedAt
      this.#startedAt = undefined
      if (running) this.#stuck(supervised)
      else this.#rest('active')
    }
  }

  /** The task was given up and goes on: nothing else may run beside it. */
  #stuck(supervised: Supervised<unknown>): void {
    if (this.#state !== 'active') return
    this.#become('error')
    void supervised.ended.then(() => this.#rest('error'))
  }

  #rest(from: AgentState): void {
    if (this.#state === from) this.#become(this.#paused ? 'paused' : 'idle')
  }

  #become(state: AgentState): void {
    if (!canBecome(this.#state, state)) {
      throw meshSwarmError('INVARIANT', `Agent ${this.agentId} cannot go from ${this.#state} to ${state}.`)
    }
    this.#state = state
  }
}
