import {
  type AgentId,
  type ChangeId,
  type Clock,
  fromUnknown,
  meshSwarmError,
  type NodeId,
  throwIfCancelled,
} from '../core/index.ts'
import type { AppliedChange, ApplyOptions, GateAsk, MeshAction, MeshDriver, Prover } from '../mesh/index.ts'
import type { Decision, Operation } from './decision.ts'

/** `observe` and `advise` change nothing. `heal` is a decision that a person makes. */
export type ControlMode = 'observe' | 'advise' | 'heal'

export interface ControllerComponents {
  readonly driver: MeshDriver
  readonly clock: Clock
  /** Proves to the nodes that an agent may. Without it nothing is proven: nodes with a gate refuse everything. */
  readonly authority?: { prover(agent: AgentId, ask: GateAsk): Prover }
  /** Gets every decision before it has consequences. Where it throws or rejects, nothing is done. */
  readonly onDecision: (decision: Decision) => unknown
}

export interface ControllerOptions {
  readonly mode: ControlMode
}

const REMEMBERED = 1000

/**
 * The only way from an agent to a change of the mesh: nothing else calls `apply`, `confirm`, `rollback` or `hasten` of a
 * driver. It refuses everything outside the mode `heal`, writes down what is asked for, and takes it to the node with the
 * agent's proof. Whether it is done, the node decides (`NodeGate`); its refusal is written down as well.
 */
export class MeshNodeController {
  readonly mode: ControlMode
  readonly #components: ControllerComponents
  readonly #actions = new Map<ChangeId, MeshAction>()

  constructor(components: ControllerComponents, { mode }: ControllerOptions) {
    this.#components = components
    this.mode = mode
  }

  /** As `MeshDriver.apply`. Rejects ACTION_DENIED outside the mode heal, and as the node's gate does. */
  async apply(
    agent: AgentId,
    action: MeshAction,
    options: ApplyOptions,
    signal: AbortSignal,
  ): Promise<AppliedChange> {
    throwIfCancelled(signal, 'The change')
    const { driver } = this.#components
    const { id: change, confirmWithinMs, reason, plan } = options
    const prover = this.#prover(agent, { operation: 'apply', action, change, confirmWithinMs, reason, plan })
    const about = { operation: 'apply', agent, change, action, reason } as const
    const applied = await this.#decided(about, () => driver.apply(action, options, signal, prover))
    // What the node says: an id that was used before names the earlier change.
    this.#remember(applied.id, applied.action)
    return applied
  }

  /** As `MeshDriver.confirm`, of any agent's change. */
  async confirm(agent: AgentId, id: ChangeId, signal: AbortSignal): Promise<AppliedChange> {
    return this.#end('confirm', agent, id, signal)
  }

  /** As `MeshDriver.rollback`, of any agent's change. */
  async rollback(agent: AgentId, id: ChangeId, signal: AbortSignal): Promise<AppliedChange> {
    return this.#end('rollback', agent, id, signal)
  }

  /**
   * As `MeshDriver.hasten`. Nothing on the mesh is changed by it, and no change is booked; it is still refused
   * (ACTION_DENIED) outside the mode heal, and by the nodes.
   */
  async hasten(agent: AgentId, nodes: readonly NodeId[], forMs: number, signal: AbortSignal): Promise<void> {
    throwIfCancelled(signal, 'The call')
    if (this.mode !== 'heal') throw this.#wrongMode()
    if (nodes.length === 0) return
    const prover = this.#prover(agent, { operation: 'hasten', nodes, forMs })
    await this.#components.driver.hasten(nodes, forMs, signal, prover)
  }

  async #end(
    operation: 'confirm' | 'rollback',
    agent: AgentId,
    change: ChangeId,
    signal: AbortSignal,
  ): Promise<AppliedChange> {
    const action = await this.#actionOf(change, signal)
    const prover = this.#prover(agent, { operation, action, change })
    const about = { operation, agent, change, action, reason: operation }
    return this.#decided(about, () => this.#components.driver[operation](change, signal, prover))
  }

  #prover(agent: AgentId, ask: GateAsk): Prover | undefined {
    return this.#components.authority?.prover(agent, ask)
  }

  /** The work, between what is written down before it and, where the node refuses it, after it. */
  async #decided<T>(
    about: {
      readonly operation: Operation
      readonly agent: AgentId
      readonly change: ChangeId
      readonly action: MeshAction
      readonly reason: string
    },
    work: () => Promise<T>,
  ): Promise<T> {
    const { clock, onDecision } = this.#components
    if (this.mode !== 'heal') {
      const refusal = this.#wrongMode()
      const { code, message: why } = refusal
      await onDecision(Object.freeze({ ...about, at: clock.now(), allowed: false, code, why }))
      throw refusal
    }
    await onDecision(Object.freeze({ ...about, at: clock.now(), allowed: true }))
    try {
      return await work()
    } catch (thrown) {
      const { code, message: why } = fromUnknown(thrown)
      if (REFUSALS.has(code))
        await onDecision(Object.freeze({ ...about, at: clock.now(), allowed: false, code, why }))
      throw thrown
    }
  }

  #wrongMode() {
    return meshSwarmError(
      'ACTION_DENIED',
      `Not allowed: the mode is ${this.mode}, and only heal changes the mesh.`,
    )
  }

  #remember(id: ChangeId, action: MeshAction): void {
    this.#actions.set(id, action)
    const [oldest] = this.#actions.keys()
    if (this.#actions.size > REMEMBERED && oldest !== undefined) this.#actions.delete(oldest)
  }

  /** From this run, or from the nodes' books. */
  async #actionOf(id: ChangeId, signal: AbortSignal): Promise<MeshAction> {
    const known = this.#actions.get(id)
    if (known) return known
    const changes = await this.#components.driver.changes(signal)
    const change = changes.find((one) => one.id === id)
    if (!change) throw meshSwarmError('CHANGE_NOT_FOUND', `No node knows a change ${id}.`)
    return change.action
  }
}

/** What a gate answers: everything else is a failure and no decision. */
const REFUSALS: ReadonlySet<string> = new Set(['ACTION_DENIED', 'BUDGET_EXCEEDED', 'RATE_LIMITED'])
