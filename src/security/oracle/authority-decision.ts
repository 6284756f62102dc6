import type { AgentId, NodeId } from '../../core/index.ts'

/**
 * What a refusal says about who asked. `out-of-scope`: the token does not cover it. `own-budget`: the token's own blast
 * budget was used up. `unproven`: the holder's signature was missing or wrong, so nobody knows who asked. `other` says
 * nothing about who asked: expired, a budget that others used up as well, suspended, the mode.
 */
export type AuthorityReason = 'allowed' | 'out-of-scope' | 'own-budget' | 'unproven' | 'other'

/** One decision of a target node, as far as the oracle looks at it. */
export interface AuthorityDecision {
  readonly at: number
  readonly agent: AgentId
  /** Ids of the token's ancestors and of the token itself, outermost first, as the token proves them. */
  readonly lineage: readonly string[]
  readonly operation: 'read' | 'write'
  /** The kind of action, or the right to look. */
  readonly action: string
  readonly node: NodeId
  readonly allowed: boolean
  readonly reason: AuthorityReason
}
