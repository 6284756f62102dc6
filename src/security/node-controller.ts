import {
  type AgentId,
  type ChangeId,
  type Clock,
  fromUnknown,
  type MeshSwarmError,
  meshSwarmError,
  type NodeId,
  throwIfCancelled,
} from '../core/index.ts'
import {
  type AppliedChange,
  type ApplyOptions,
  type MeshAction,
  type MeshDriver,
  type RiskTier,
  riskTier,
  touchedNodes,
} from '../mesh/index.ts'
import type { Decision, Operation } from './decision.ts'
import { type Grant, grant } from './grant.ts'
import { GrantBook } from './grant-book.ts'
import { WriteBudget } from './write-budget.ts'

/** `observe` and `advise` change nothing. `heal` is a decision that a person makes. */
export type ControlMode = 'observe' | 'advise' | 'heal'

export interface ControllerComponents {
  readonly driver: MeshDriver
  readonly clock: Clock
  /** How many nodes the mesh has, for the budget. */
  readonly meshSize: () => number
  /** Gets every decision before it has consequences. Where it throws or rejects, nothing is done. */
  readonly onDecision: (decision: Decision) => unknown
}

export interface ControllerOptions {
  readonly mode: ControlMode
  /** The highest risk that is allowed at all. Default 2. */
  readonly maxTier?: RiskTier
  /** Sliding window of the budget. Default ten minutes. */
  readonly budgetWindowMs?: number
  /** Different nodes that may be changed within the window. Default: a quarter of the mesh, at least 6. */
  readonly budgetNodes?: number
}

const DEFAULT_WINDOW_MS = 10 * 60_000
const REMEMBERED = 1000

/**
 * The only way from an agent to a change of the mesh: nothing else calls `apply`, `confirm` or `rollback` of a
 * driver. It checks, in this order, the mode, the agent's grants and the risk tier (ACTION_DENIED), then
 * the budget (BUDGET_EXCEEDED), and tells each decision. A placeholder: it trusts the caller's word for who
 * asks, in this process; signed capabilities that the node itself verifies take its place.
 */
export class MeshNodeController {
  readonly mode: ControlMode
  readonly #components: ControllerComponents
  readonly #maxTier: RiskTier
  readonly #grants = new GrantBook()
  readonly #budget: WriteBudget
  readonly #actions = new Map<ChangeId, MeshAction>()

  constructor(components: ControllerComponents, options: ControllerOptions) {
    const { mode, maxTier = 2, budgetWindowMs = DEFAULT_WINDOW_MS, budgetNodes } = options
    this.#components = components
    this.mode = mode
    this.#maxTier = maxTier
    this.#budget = new WriteBudget({
      windowMs: budgetWindowMs,
      maxNodes: () => budgetNodes ?? Math.max(6, Math.floor(components.meshSize() / 4)),
    })
  }

  /** Different nodes that were changed within the window. */
  get budgetUsed(): number {
    return this.#budget.used(this.#components.clock.now())
  }

  /** Lets the grant's agent do what it says, beside what it may already. */
  grant(of: Grant): void {
    this.#grants.give(grant(of))
  }

  /** Takes everything away from the agent. What it has applied and not confirmed undoes itself. */
  revoke(agent: AgentId): void {
    this.#grants.revoke(agent)
  }

  /** As `MeshDriver.apply`, where the agent may. Rejects ACTION_DENIED or BUDGET_EXCEEDED before anything is done. */
  async apply(
    agent: AgentId,
    action: MeshAction,
    options: ApplyOptions,
    signal: AbortSignal,
  ): Promise<AppliedChange> {
    throwIfCancelled(signal, 'The change')
    const { driver } = this.#components
    const counts = touchedNodes([action]).size > 0
    const reserve = () => this.#budget.reserve(action.node, this.#components.clock.now())
    await this.#decide('apply', agent, options.id, action, options.reason, counts ? reserve : undefined)
    const work = () => driver.apply(action, options, signal)
    const change = counts ? await this.#counted(action, work) : await work()
    // What the node says: an id that was used before names the earlier change.
    this.#remember(change.id, change.action)
    return change
  }

  /** As `MeshDriver.confirm`. The agent needs a grant that covers the change, which may be another's. */
  async confirm(agent: AgentId, id: ChangeId, signal: AbortSignal): Promise<AppliedChange> {
    const action = await this.#actionOf(id, signal)
    await this.#decide('confirm', agent, id, action, 'confirm')
    return this.#components.driver.confirm(id, signal)
  }

  /** As `MeshDriver.rollback`, and as `confirm`. It counts as a write and no budget stops it. */
  async rollback(agent: AgentId, id: ChangeId, signal: AbortSignal): Promise<AppliedChange> {
    const { driver } = this.#components
    const action = await this.#actionOf(id, signal)
    await this.#decide('rollback', agent, id, action, 'rollback', () => this.#budget.begin(action.node))
    return this.#counted(action, () => driver.rollback(id, signal))
  }

  /**
   * As `MeshDriver.hasten`. Nothing on the mesh is changed by it, so no budget counts it and no change is booked; it
   * is still refused (ACTION_DENIED) outside the mode heal and to an agent that holds no grant.
   */
  async hasten(agent: AgentId, nodes: readonly NodeId[], forMs: number, signal: AbortSignal): Promise<void> {
    throwIfCancelled(signal, 'The call')
    if (this.mode !== 'heal') throw denied(`the mode is ${this.mode}, and only heal speaks to the daemons`)
    if (nodes.length === 0) return
    const covered = this.#grants.nodesOf(agent, nodes, this.#components.clock.now())
    if (covered.length === 0) throw denied(`agent ${agent} holds no grant for any of these nodes`)
    await this.#components.driver.hasten(covered, forMs, signal)
  }

  async #counted(action: MeshAction, work: () => Promise<AppliedChange>): Promise<AppliedChange> {
    try {
      return await work()
    } finally {
      this.#budget.end(action.node, this.#components.clock.now())
    }
  }

  /** Checks and reserves in one go, so that no two callers are let through for the same place; then tells. */
  async #decide(
    operation: Operation,
    agent: AgentId,
    change: ChangeId,
    action: MeshAction,
    reason: string,
    reserve?: () => void,
  ): Promise<void> {
    const about = { at: this.#components.clock.now(), operation, agent, change, action, reason }
    const refused = this.#refusal(operation, agent, action, reserve)
    if (refused) {
      const { code, message } = refused
      await this.#components.onDecision(Object.freeze({ ...about, allowed: false, code, why: message }))
      throw refused
    }
    try {
      await this.#components.onDecision(Object.freeze({ ...about, allowed: true }))
    } catch (error) {
      if (reserve) this.#budget.cancel(action.node)
      throw error
    }
  }

  #refusal(
    operation: Operation,
    agent: AgentId,
    action: MeshAction,
    reserve?: () => void,
  ): MeshSwarmError | undefined {
    if (this.mode !== 'heal') return denied(`the mode is ${this.mode}, and only heal changes the mesh`)
    const answer = this.#grants.find(agent, action, operation === 'apply', this.#components.clock.now())
    if (!answer.covered) return denied(answer.why)
    const tier = riskTier(action)
    if (tier > this.#maxTier) return denied(`risk tier ${tier} is above the ${this.#maxTier} that is allowed`)
    try {
      reserve?.()
    } catch (error) {
      return fromUnknown(error)
    }
    if (operation === 'apply') answer.touch()
    return undefined
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

function denied(why: string): MeshSwarmError {
  return meshSwarmError('ACTION_DENIED', `Not allowed: ${why}.`)
}
