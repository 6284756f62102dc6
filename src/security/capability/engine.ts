import type { AgentId, NodeId } from '../../core/index.ts'
import type { RiskTier } from '../../mesh/index.ts'
import type { KeyPair, PublicKey } from '../keys.ts'
import type { CapabilityAction, Restriction, Scope } from './scope.ts'

/** What the root of authority says once, in the first block of a chain. */
export interface CapabilityTerms {
  readonly agent: AgentId
  /** Whose signature a request needs. */
  readonly holder: PublicKey
  /** The token counts in this epoch and in no other. */
  readonly epoch: number
  readonly scope: Scope
}

/** Consent to one plan, on these nodes, until then. It widens nothing: it is one of the k that a danger needs. */
export interface Approval {
  /** SHA-256 of the plan, in hexadecimal digits. */
  readonly plan: string
  readonly nodes: readonly NodeId[]
  readonly until: number
}

/** A block more. Handing over and approving count only where the right key has signed the block. */
export type BlockContent =
  | {
      readonly kind: 'restriction'
      readonly restriction: Restriction
      readonly handover?: PublicKey
      /** The name of who gets it, with a handover only. Without one the name stays. */
      readonly to?: AgentId
    }
  | { readonly kind: 'approval'; readonly approval: Approval }

/** One block of a chain. Its revocation id is part of every token that descends from it. */
export interface Ancestor {
  readonly id: string
  /** Who holds it. */
  readonly agent: AgentId
  readonly holder: PublicKey
  /** What is left here of the scopes before and the block's own: what a budget keyed by `id` holds. */
  readonly scope: Scope
}

/** A token, read. Its last ancestor is itself. */
export interface Capability {
  /** Who holds it now. */
  readonly agent: AgentId
  readonly epoch: number
  readonly lineage: readonly [Ancestor, ...Ancestor[]]
}

/** What is to be decided. */
export interface CapabilityAsk {
  readonly action: CapabilityAction
  readonly node: NodeId
  /** Those that the node is in. */
  readonly regions: readonly string[]
  readonly tier: RiskTier
  /** The present one. */
  readonly epoch: number
  /** Asks who has approved it, and demands so many. */
  readonly approvals?: ApprovalsAsk
}

export interface ApprovalsAsk {
  readonly plan: string
  /** Those whose approval counts. */
  readonly approvers: readonly PublicKey[]
  /** So many different ones are demanded; 0 only asks. */
  readonly least: number
}

/** Whose consent a token carries, whatever else it says. */
export interface ApproversAsk extends Omit<ApprovalsAsk, 'least'> {
  /** All of them: consent to a part is none. */
  readonly nodes: readonly NodeId[]
}

/** Why something is denied. Names are never changed: they are in the audit log. */
export type DenyReason =
  /** No token, or not one as meshswarm makes them. */
  | 'malformed'
  /** Another root, or changed since it was signed. */
  | 'signature'
  | 'action'
  | 'node'
  | 'region'
  | 'expired'
  | 'tier'
  | 'epoch'
  /** Somebody handed over what was not theirs. */
  | 'handover'
  | 'approvals'
  /** It would have cost too much to find out. */
  | 'limits'
  | 'revoked'
  /** The request is not about this token, action, node, parameters or session, or it is no request. */
  | 'request'
  /** Not signed by the token's holder. */
  | 'holder'
  /** The time of the request is too far from the verifier's. */
  | 'stale'
  | 'replay'
  /** More requests at a time than can be remembered. */
  | 'busy'
  /** The engine gave no answer. */
  | 'unavailable'

export interface Denied {
  readonly allowed: false
  readonly reason: DenyReason
  readonly message: string
  /** What was shown, where it is genuine: signed by the root, and handed over by none but its holders. */
  readonly capability?: Capability
}

export type EngineAnswer =
  | {
      readonly allowed: true
      readonly capability: Capability
      /** Of those that were asked about: who has approved the plan for this node, and still does. Each once. */
      readonly approvers: readonly PublicKey[]
    }
  | Denied

/**
 * Makes and judges tokens that can be narrowed by whoever holds them, without the root's key. Calls reject CANCELLED
 * on abort, TIMEOUT and UNAVAILABLE where there is no answer, INSUFFICIENT_RESOURCES where too many wait.
 */
export interface CapabilityEngine {
  mint(root: KeyPair, terms: CapabilityTerms, signal: AbortSignal): Promise<string>
  /** The token with a block more, signed by `signer` where one is given. INVALID_INPUT for no token of this root. */
  append(
    token: string,
    root: PublicKey,
    block: BlockContent,
    signer: KeyPair | undefined,
    signal: AbortSignal,
  ): Promise<string>
  /** Verifies the signatures, not the time. Rejects INVALID_INPUT for no token of this root. */
  read(token: string, root: PublicKey, signal: AbortSignal): Promise<Capability>
  /** Those of the keys that have approved it, and still do at `now`, each once. Rejects INVALID_INPUT as `read` does. */
  approvers(
    token: string,
    root: PublicKey,
    ask: ApproversAsk,
    now: number,
    signal: AbortSignal,
  ): Promise<readonly PublicKey[]>
  /** Whether the token allows it at `now`, whoever shows it. A bad token is a denial, never a rejection. */
  authorise(
    token: string,
    root: PublicKey,
    ask: CapabilityAsk,
    now: number,
    signal: AbortSignal,
  ): Promise<EngineAnswer>
  /** Ends what is under way with UNAVAILABLE. A second call returns the first one's promise. */
  close(): Promise<void>
}
