import type { AgentId, ChangeId, Clock, IdSource, NodeId, Result } from '../core/index.ts'
import type { AppliedChange, ApplyOptions, MeshAction, MeshDriver } from '../mesh/index.ts'
import type { HealEvent } from './events.ts'
import type { DigitalTwin } from './twin.ts'

export type AgentRole = 'monitor' | 'analyst' | 'planner' | 'executor' | 'verifier'

/** Agents that take items of work, each one at a time. A failed item is a result and loses no sibling. */
export interface Workforce {
  readonly size: number
  fanOut<I, O>(
    role: AgentRole,
    items: readonly I[],
    work: (agent: { readonly agentId: AgentId }, item: I, signal: AbortSignal) => Promise<O>,
    signal: AbortSignal,
  ): Promise<readonly Result<O>[]>
}

/** The nodes' own gate: the only way to change the mesh. */
export interface Controller {
  apply(
    agent: AgentId,
    action: MeshAction,
    options: ApplyOptions,
    signal: AbortSignal,
  ): Promise<AppliedChange>
  confirm(agent: AgentId, id: ChangeId, signal: AbortSignal): Promise<AppliedChange>
  rollback(agent: AgentId, id: ChangeId, signal: AbortSignal): Promise<AppliedChange>
  hasten(agent: AgentId, nodes: readonly NodeId[], forMs: number, signal: AbortSignal): Promise<void>
}

/** What Monitor may see: a driver without the hands. */
export type MeshEyes = Pick<
  MeshDriver,
  'name' | 'source' | 'snapshot' | 'watch' | 'probe' | 'inspect' | 'changes'
>

export interface MapekComponents {
  readonly eyes: MeshEyes
  readonly controller: Controller
  readonly workforce: Workforce
  readonly twin: DigitalTwin
  readonly clock: Clock
  readonly ids: IdSource
  /** Called for every event, in order, before anything that the event announces is done. */
  readonly record: (event: HealEvent) => void
}
