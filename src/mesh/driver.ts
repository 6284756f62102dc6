import type { ChangeId, LinkId, NodeId } from '../core/index.ts'
import type { ActionKind, MeshAction } from './action.ts'
import type { GateState, Prover } from './gate.ts'
import type { DaemonState, MeshSnapshot } from './model.ts'
import type { Observation, Source } from './observation.ts'

/**
 * One probe: `count` packets of `bytes` (IP payload) from one node to another.
 * `link` set: straight over that link (link-local), whatever the routes say. Unset: end to end over the routes.
 */
export interface ProbeRequest {
  readonly from: NodeId
  readonly to: NodeId
  readonly link?: LinkId
  readonly bytes: number
  readonly count: number
  /** Time between two packets of this request. */
  readonly intervalMs: number
  /** A packet that has not arrived after this counts as lost. */
  readonly timeoutMs: number
}

export interface ProbeResult {
  readonly request: ProbeRequest
  readonly source: Source
  /** Packets that left; 0 where the sender could not send at all (then `error` says why). */
  readonly sent: number
  readonly received: number
  /** One-way where both ends are ours, else half the round trip. Unknown where nothing came back. */
  readonly delayMs: Observation<number>
  readonly error?: string
}

/** What a closer look at one node shows: read on suspicion, not all the time. */
export interface NodeFacts {
  readonly node: NodeId
  readonly at: number
  readonly daemon: Observation<DaemonState>
  readonly forwarding: Observation<boolean>
  readonly interfaces: readonly InterfaceFacts[]
  /** Addresses that the node answers for, with prefix length. */
  readonly addresses: Observation<readonly string[]>
}

export interface InterfaceFacts {
  readonly name: string
  readonly adminUp: Observation<boolean>
  readonly carrier: Observation<boolean>
  readonly mtu: Observation<number>
  readonly rxcost: Observation<number>
  /** Whether the routing daemon uses the interface. */
  readonly routed: Observation<boolean>
}

/** Something moved. `routes` may be coalesced: it says that tables changed, the snapshot says how. */
export type MeshChange =
  | { readonly kind: 'daemon'; readonly node: NodeId; readonly state: DaemonState; readonly at: number }
  | { readonly kind: 'link'; readonly link: LinkId; readonly up: boolean; readonly at: number }
  | {
      readonly kind: 'interface'
      readonly node: NodeId
      readonly iface: string
      readonly up: boolean
      readonly at: number
    }
  | { readonly kind: 'routes'; readonly node: NodeId; readonly at: number }
  | {
      readonly kind: 'originator'
      /** The node whose address is announced. */
      readonly victim: NodeId
      /** Router id that announces it beside the owner's. */
      readonly originator: string
      readonly at: number
    }

export type ChangeState = 'pending' | 'confirmed' | 'rolled-back' | 'rollback-failed'

/** An action on a node's books. Until confirmed it undoes itself when its deadline passes (commit-confirm). */
export interface AppliedChange {
  readonly id: ChangeId
  readonly action: MeshAction
  readonly state: ChangeState
  readonly appliedAt: number
  readonly confirmBy: number
  /** Free text of who asked and why, e.g. the incident id: what the next start reports after a crash. */
  readonly reason: string
}

export interface ApplyOptions {
  readonly id: ChangeId
  readonly confirmWithinMs: number
  readonly reason: string
  /** As `GateAsk.plan`. */
  readonly plan?: readonly MeshAction[] | undefined
}

/**
 * A mesh as the swarm sees it. Implementations differ in nothing that a caller can see but `source`.
 * Every call rejects with CANCELLED on abort; a call after `close` rejects with UNAVAILABLE.
 * What changes the mesh takes a `Prover` last: each node has a gate that decides by the proof, and rejects as
 * `NodeGate.admit` says. Only a simulated mesh may have no gates.
 */
export interface MeshDriver {
  readonly name: string
  readonly source: Source
  /** Actions that this mesh can do. `apply` of another kind rejects with ACTION_UNSUPPORTED. */
  capabilities(): ReadonlySet<ActionKind>
  snapshot(signal: AbortSignal): Promise<MeshSnapshot>
  /** Ends on abort without an error. Each caller gets its own stream; slow readers lose the oldest changes. */
  watch(signal: AbortSignal): AsyncIterable<MeshChange>
  /** Results in the order of the requests; a probe that fails is a result, never a rejection. */
  probe(requests: readonly ProbeRequest[], signal: AbortSignal): Promise<readonly ProbeResult[]>
  inspect(node: NodeId, signal: AbortSignal): Promise<NodeFacts>
  /**
   * For `forMs` from now, makes the routing daemons next to these nodes say at once what they would keep back to
   * send it with other things. Changes no configuration and no state of the mesh. Resolves when it has begun; a
   * second call extends the first. A node that cannot do it is left out.
   */
  hasten(nodes: readonly NodeId[], forMs: number, signal: AbortSignal, prover?: Prover): Promise<void>
  /**
   * Applies on the node and starts its commit-confirm timer there. The node undoes the change by itself when
   * `confirm` does not come in time, also when this process is gone. The same `id` twice returns the first
   * change and does nothing. A failed apply has no effect (what was done is undone) and rejects.
   */
  apply(
    action: MeshAction,
    options: ApplyOptions,
    signal: AbortSignal,
    prover?: Prover,
  ): Promise<AppliedChange>
  /** Keeps the change. A second call is a no-op; CHANGE_NOT_FOUND for a stranger, CONFLICT once rolled back. */
  confirm(id: ChangeId, signal: AbortSignal, prover?: Prover): Promise<AppliedChange>
  /** Undoes the change now, confirmed or not. A second call is a no-op. */
  rollback(id: ChangeId, signal: AbortSignal, prover?: Prover): Promise<AppliedChange>
  /** Every change on the nodes' books since their start, the ones of an earlier, crashed run included. */
  changes(signal: AbortSignal): Promise<readonly AppliedChange[]>
  /** What the nodes' gate says of itself; undefined where there is none. */
  gate(signal: AbortSignal): Promise<GateState | undefined>
  /** Brings the nodes a statement of the authority, as `NodeGate.tell`. Does nothing where there is no gate. */
  tell(statement: unknown, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}
