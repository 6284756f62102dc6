import type { NodeId } from '../../core/index.ts'
import { type GateAsk, type RiskTier, riskTier, touchedNodes } from '../../mesh/index.ts'
import type { CapabilityAction } from '../capability/index.ts'
import type { LimitedRequest } from '../limits/index.ts'

/** What a call at the gate is, in the terms of capabilities and budgets. */
export interface Asked {
  readonly action: CapabilityAction
  readonly node: NodeId
  readonly tier: RiskTier
  readonly draws: LimitedRequest['operation']
}

/** Undefined for a call that is about no node. */
export function askedBy(ask: GateAsk): Asked | undefined {
  if (ask.operation === 'hasten') {
    const [node] = ask.nodes
    return node === undefined ? undefined : { action: 'hasten', node, tier: 0, draws: 'read' }
  }
  const { operation, action } = ask
  const writes = operation === 'apply' && touchedNodes([action]).size > 0
  const draws = operation === 'rollback' ? 'undo' : writes ? 'write' : 'read'
  return { action: action.kind, node: action.node, tier: riskTier(action), draws }
}

/** A node brings its own daemon back to life, as its configuration says: that is let through with a stale epoch. */
export function healsOwnDaemon(ask: GateAsk): boolean {
  if (ask.operation === 'hasten') return false
  const { kind } = ask.action
  return kind === 'resume-daemon' || (kind === 'restart-daemon' && ask.action.rxcost === undefined)
}
