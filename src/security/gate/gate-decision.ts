import type { AgentId, ErrorCode } from '../../core/index.ts'
import type { GateAsk } from '../../mesh/index.ts'
import type { AuditEntry } from '../audit/entry.ts'

/** One answer of a gate, given before anything is done. */
export interface GateDecision {
  readonly ask: GateAsk
  /** As the token proves it; undefined where there was no good token. */
  readonly agent: AgentId | undefined
  /** Revocation ids of the token's blocks, the root's first. */
  readonly token: readonly string[]
  /** Ids of the policies that decided. */
  readonly policies: readonly string[]
  /** Public keys of the persons who have approved it. */
  readonly approvers: readonly string[]
  readonly refusal: GateRefusal | undefined
}

export interface GateRefusal {
  readonly code: ErrorCode
  /** Names are never changed: a `DenyReason`, a budget, or why the gate is closed. */
  readonly reason: string
  readonly why: string
}

export function gateEntry(decision: GateDecision): AuditEntry {
  const { ask, agent, token, policies, approvers, refusal } = decision
  const about =
    ask.operation === 'hasten'
      ? { nodes: ask.nodes }
      : { node: ask.action.node, change: ask.change, action: { ...ask.action } }
  const who = agent === undefined ? {} : { agent }
  const shown = { token, policies, ...(approvers.length > 0 ? { approvers } : {}) }
  const { operation } = ask
  return { kind: 'gate', ...who, ...about, operation, allowed: !refusal, ...refusal, ...shown }
}
