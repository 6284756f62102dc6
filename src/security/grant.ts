import { type AgentId, meshSwarmError, type NodeId } from '../core/index.ts'
import type { ActionKind } from '../mesh/index.ts'

/** What one agent may do to which nodes, until when. Frozen; the controller that it was given to holds it. */
export interface Grant {
  readonly agent: AgentId
  readonly actions: readonly ActionKind[] | 'all'
  readonly nodes: readonly NodeId[] | 'all'
  /** Clock time in ms, itself excluded. */
  readonly expiresAt: number
  /** How many different nodes the agent may change under this grant, ever. */
  readonly maxTouchedNodes: number
}

/** Throws INVALID_INPUT for limits that are no numbers. */
export function grant(of: Grant): Grant {
  if (Number.isNaN(of.expiresAt) || !(of.maxTouchedNodes >= 0)) {
    throw meshSwarmError('INVALID_INPUT', 'A grant has an expiry and a number of nodes.', {
      details: { ...of },
    })
  }
  return Object.freeze({
    agent: of.agent,
    actions: of.actions === 'all' ? 'all' : Object.freeze([...of.actions]),
    nodes: of.nodes === 'all' ? 'all' : Object.freeze([...of.nodes]),
    expiresAt: of.expiresAt,
    maxTouchedNodes: of.maxTouchedNodes,
  })
}
