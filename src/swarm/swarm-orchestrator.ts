import {
  type Clock,
  type IdSource,
  meshSwarmError,
  type Random,
  type StepId,
  type SwarmId,
  swarmId,
  throwIfCancelled,
} from '../core/index.ts'
import {
  doTask,
  type Json,
  type OnResult,
  type SwarmBackend,
  type TaskInput,
  type TaskReport,
  TaskRunner,
  type TaskRunnerOptions,
  type TaskStatus,
  type Tool,
  Upstreams,
  withSubAgents,
} from '../engine/index.ts'
import type { Metrics } from '../telemetry/index.ts'
import type { AgentOptions } from './agent.ts'
import { Swarm } from './swarm.ts'

export interface SwarmOrchestratorComponents {
  readonly backend: SwarmBackend
  readonly clock: Clock
  readonly random: Random
  /** Names the swarms. Must not repeat over restarts. */
  readonly ids: IdSource
  readonly tools: ReadonlyMap<string, Tool>
  /** Where there is one, what its tasks and their steps come to is counted. */
  readonly metrics?: Metrics | undefined
}

export interface SwarmOrchestratorOptions extends TaskRunnerOptions {
  /** Swarms at a time in this process. Default 100. */
  readonly maxSwarms?: number
}

export interface CreateSwarm {
  readonly task: TaskInput
  /** Who is in it, or how many of mixed kinds. Default 10. */
  readonly agents?: number | readonly AgentOptions[]
}

export interface CoordinateOptions {
  /** Called for each result, those of an earlier start included. */
  readonly onResult?: OnResult
}

const DEFAULT_AGENTS = 10

interface Coordination {
  readonly stop: AbortController
  readonly ended: Promise<unknown>
}

/**
 * Swarms with a task each. The task is in the store, the agents are in this process: after a crash `recover` tells
 * which tasks have not ended, and `adopt` gives one new agents.
 */
export class SwarmOrchestrator {
  readonly #components: SwarmOrchestratorComponents
  readonly #runner: TaskRunner
  readonly #upstreams: Upstreams
  readonly #maxSwarms: number
  readonly #swarms = new Map<SwarmId, Swarm>()
  readonly #coordinations = new Map<SwarmId, Coordination>()

  constructor(
    components: SwarmOrchestratorComponents,
    { maxSwarms = 100, ...options }: SwarmOrchestratorOptions = {},
  ) {
    this.#components = components
    this.#runner = new TaskRunner(components, options)
    this.#upstreams = new Upstreams(components)
    this.#maxSwarms = maxSwarms
  }

  get swarms(): readonly Swarm[] {
    return [...this.#swarms.values()]
  }

  /**
   * Stores the task and calls its agents together; nothing is done before `coordinateAgents`. Rejects INVALID_INPUT,
   * STEP_LIMIT_EXCEEDED and BUDGET_EXCEEDED for a task that cannot be done, SWARM_LIMIT_EXCEEDED unless it has 1 to
   * 100 agents, INSUFFICIENT_RESOURCES where there are too many swarms; then nothing has happened.
   */
  async createSwarm({ task, agents = DEFAULT_AGENTS }: CreateSwarm): Promise<SwarmId> {
    const id = swarmId(this.#components.ids.next('swarm'))
    const swarm = this.#callTogether(id, agents)
    try {
      await this.#runner.submit(id, task)
    } catch (error) {
      await this.#dissolve(swarm)
      throw error
    }
    return id
  }

  /**
   * The tasks of the store that have not ended and have no agents in this process. What nobody could end any more is
   * ended (`TaskRunner.sweep`).
   */
  async recover(): Promise<readonly TaskStatus[]> {
    await this.#runner.sweep()
    const tasks = await this.#runner.list()
    // Those of sub-agents go on with the step that they belong to.
    return tasks.filter(
      ({ swarm, state, parent }) => state === 'unfinished' && !parent && !this.#swarms.has(swarm),
    )
  }

  /** Gives a task of `recover` new agents. Rejects TASK_NOT_FOUND, CONFLICT where it has agents here. */
  async adopt(id: SwarmId, agents: number | readonly AgentOptions[] = DEFAULT_AGENTS): Promise<Swarm> {
    await this.#runner.status(id)
    return this.#callTogether(id, agents)
  }

  /**
   * Has the agents do the steps of the task, to its end. Rejects SWARM_NOT_FOUND, CONFLICT while they do already, and
   * CANCELLED when the signal aborts: the task then waits for the next call.
   */
  async coordinateAgents(id: SwarmId, options: CoordinateOptions, signal: AbortSignal): Promise<TaskReport> {
    throwIfCancelled(signal, 'The coordination')
    const swarm = this.swarm(id)
    if (this.#coordinations.has(id))
      throw meshSwarmError('CONFLICT', `The agents of ${id} are at work already.`)
    const stop = new AbortController()
    const onAbort = () => stop.abort()
    signal.addEventListener('abort', onAbort, { once: true })
    const { backend, clock, random, metrics } = this.#components
    const common = { backend, clock, random, metrics, runner: this.#runner, upstreams: this.#upstreams }
    const hire = (task: SwarmId, count: number) => {
      const sub = this.#callTogether(task, count)
      return { pool: sub.pool, dismiss: () => this.#dissolve(sub) }
    }
    const tools = withSubAgents({ ...common, hire }, this.#components.tools)
    const components = { ...common, tools, pool: swarm.pool }
    const coordinating = doTask(components, id, { workers: swarm.size, ...options }, stop.signal)
    this.#coordinations.set(id, { stop, ended: coordinating.catch(() => undefined) })
    try {
      return await coordinating
    } finally {
      this.#coordinations.delete(id)
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** In this process. Throws SWARM_NOT_FOUND. */
  swarm(id: SwarmId): Swarm {
    const swarm = this.#swarms.get(id)
    if (!swarm) throw meshSwarmError('SWARM_NOT_FOUND', `There is no swarm ${id} in this process.`)
    return swarm
  }

  /** How far its task is. Rejects TASK_NOT_FOUND. */
  status(id: SwarmId): Promise<TaskStatus> {
    return this.#runner.status(id)
  }

  /** Of a step that has succeeded, however large. Rejects like `TaskRunner.value`. */
  value(id: SwarmId, step: StepId): Promise<Json> {
    return this.#runner.value(id, step)
  }

  /**
   * Ends the task, whatever is left of it, and sends the agents home. What was done stays in the store. Rejects
   * SWARM_NOT_FOUND, also on a second call.
   */
  async terminateSwarm(id: SwarmId): Promise<void> {
    const swarm = this.swarm(id)
    await this.#runner.cancel(id, 'the swarm was terminated')
    await this.#coordinations.get(id)?.ended
    await this.#dissolve(swarm)
  }

  /** Sends all agents home: `coordinateAgents` rejects CANCELLED. Tasks that have not ended wait in the store. */
  async close(): Promise<void> {
    for (const { stop } of this.#coordinations.values()) stop.abort()
    await Promise.all([...this.#coordinations.values()].map(({ ended }) => ended))
    await Promise.all(this.swarms.map((swarm) => this.#dissolve(swarm)))
  }

  #callTogether(id: SwarmId, agents: number | readonly AgentOptions[]): Swarm {
    if (this.#swarms.has(id)) throw meshSwarmError('CONFLICT', `Swarm ${id} has agents already.`)
    if (this.#swarms.size >= this.#maxSwarms) {
      const text = `There are ${this.#maxSwarms} swarms already.`
      throw meshSwarmError('INSUFFICIENT_RESOURCES', text, { details: { limit: this.#maxSwarms } })
    }
    const swarm = new Swarm(this.#components, { swarmId: id, agents })
    this.#swarms.set(id, swarm)
    return swarm
  }

  async #dissolve(swarm: Swarm): Promise<void> {
    this.#swarms.delete(swarm.swarmId)
    await swarm.terminate()
  }
}
