import type { Cancel, ChangeId, NodeId } from '../core/index.ts'
import type { MeshAction } from './action.ts'

/** What somebody wants a node to do. Everything that it is done with stands here: a proof is about all of it. */
export type GateAsk =
  | {
      readonly operation: 'apply'
      readonly action: MeshAction
      readonly change: ChangeId
      readonly confirmWithinMs: number
      readonly reason: string
      /** The actions that are approved together, where persons had to approve; this one is among them. */
      readonly plan?: readonly MeshAction[] | undefined
    }
  | {
      readonly operation: 'confirm' | 'rollback'
      /** Of the change, as the node's books have it. */
      readonly action: MeshAction
      readonly change: ChangeId
    }
  | { readonly operation: 'hasten'; readonly nodes: readonly NodeId[]; readonly forMs: number }

/** What a gate says of itself to whoever asks it. */
export interface GateState {
  /** Another one after each start of the gate: what was proven before proves nothing any more. */
  readonly session: string
  /** The number of the epoch that holds here; 0 where none is known. */
  readonly epoch: number
  /** Why nothing is let through; undefined while something may be. */
  readonly closed?: string | undefined
}

/** What somebody shows with a call. Only the gate reads it. */
export interface Proof {
  readonly token: string
  readonly request: unknown
}

/** Makes the proof of one call, at the moment in which it goes to the node. */
export type Prover = (state: GateState, signal: AbortSignal) => Promise<Proof>

/** The gate has let something through. */
export interface Admission {
  /** Aborts when the authority stops everything: what is under way is undone then. */
  readonly signal: AbortSignal
  /** Ids of the token's blocks, the root's first: who answers for it. */
  readonly lineage: readonly string[]
  /** The work has ended, well or not. A second call does nothing. */
  end(): void
}

/** Asked by the node itself, before it does anything that somebody wants. */
export interface NodeGate {
  readonly state: GateState
  /**
   * Rejects ACTION_DENIED, BUDGET_EXCEEDED or RATE_LIMITED where it is not let through, UNAVAILABLE where nobody can
   * tell, CANCELLED on abort. Nothing is done then.
   */
  admit(ask: GateAsk, proof: Proof | undefined, signal: AbortSignal): Promise<Admission>
  /** Takes a statement of the authority, whoever brings it. Rejects ACTION_DENIED for one that it has not signed. */
  tell(statement: unknown): Promise<void>
  /** Hears of each change of the state. */
  onChange(listener: (state: GateState) => void): Cancel
}
