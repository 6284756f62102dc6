import { type AgentId, meshSwarmError, type NodeId } from '../../src/core/index.ts'
import type { LineageLimit } from '../../src/security/index.ts'

/**
 * A capability as a plain record, with what a token of the mesh means: who holds it, what it covers until when, and the
 * limits of every token that it comes from. Nobody in the simulation can change or invent one.
 */
export interface Capability {
  readonly id: string
  readonly holder: AgentId
  /** Of every ancestor and of itself, outermost first. */
  readonly lineage: readonly LineageLimit[]
  readonly actions: ReadonlySet<string>
  readonly nodes: ReadonlySet<NodeId>
  /** Clock time in ms, itself excluded. */
  readonly expiresAt: number
}

export type CapabilityPart = Pick<Capability, 'holder' | 'actions' | 'nodes' | 'expiresAt'> & LineageLimit

/** A narrower capability that comes from this one. Throws ACTION_DENIED for one that is wider in anything. */
export function attenuate(parent: Capability, part: CapabilityPart): Capability {
  const { id, ratePerMinute, blastNodes, windowMs, ...covered } = part
  const own = parent.lineage.at(-1)
  const wider =
    !covered.actions.isSubsetOf(parent.actions) ||
    !covered.nodes.isSubsetOf(parent.nodes) ||
    covered.expiresAt > parent.expiresAt ||
    ratePerMinute > (own?.ratePerMinute ?? 0) ||
    blastNodes > (own?.blastNodes ?? 0) ||
    windowMs < (own?.windowMs ?? Number.POSITIVE_INFINITY)
  if (wider) throw meshSwarmError('ACTION_DENIED', `${id} would be wider than ${parent.id}.`)
  return { ...covered, id, lineage: [...parent.lineage, { id, ratePerMinute, blastNodes, windowMs }] }
}
