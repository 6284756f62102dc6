import type { StepId, SwarmId } from '../../core/index.ts'
import type { Json } from '../backends/json.ts'
import type { Amounts } from './budget.ts'
import type { StepInput } from './task-spec.ts'

export interface ToolCall {
  readonly swarm: SwarmId
  readonly step: StepId
  readonly input: Json
  /** For the tool `agent`, what its sub-agents are to do. */
  readonly task: Json | undefined
  /** From 1. A token for what the tool does outside: a higher one is later. */
  readonly attempt: number
  /** The same for all attempts of the step. */
  readonly key: string
  /** The most that an attempt may spend; what is left out, it may not. */
  readonly budget: Amounts
  /** Says that it is still at it, where the step has a bound for silence. Cheap: as often as there is something to say. */
  alive(): void
  /**
   * Says what it is about to spend. Throws BUDGET_EXCEEDED where that is more than an attempt of its step may: then it
   * must not be spent.
   */
  spend(amounts: Amounts): void
  /** Gives back what it has said, and did not spend after all. Throws INVALID_INPUT for more than that. */
  refund(amounts: Amounts): void
  /** Adds steps that come after this one, if it succeeds. Throws INVALID_INPUT for what are no steps. */
  add(steps: readonly StepInput[]): void
}

/** What an attempt that was interrupted has done outside. */
export type Reconciled = { readonly done: true; readonly value: Json } | { readonly done: false }

/** What a step does. Stops soon after its signal aborts. */
export interface Tool {
  readonly name: string
  /** Doing it twice is as good as doing it once: it is done again where nobody knows how far it came. */
  readonly idempotent?: boolean
  /** What it spends is in a store of its own: an attempt after one that was interrupted spends nothing twice. */
  readonly resumes?: boolean
  /** What it calls outside: all steps of all agents that call the same share one limit, which adapts to it. */
  readonly upstream?: string
  run(call: ToolCall, signal: AbortSignal): Json | Promise<Json>
  /**
   * Looks what an interrupted attempt has done. Without it such a step of a tool that is not idempotent fails with
   * IN_DOUBT, for a person to decide.
   */
  reconcile?(call: ToolCall, signal: AbortSignal): Promise<Reconciled>
}
