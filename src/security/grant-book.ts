import type { AgentId, NodeId } from '../core/index.ts'
import { describeAction, type MeshAction } from '../mesh/index.ts'
import type { Grant } from './grant.ts'

interface Held {
  readonly grant: Grant
  readonly touched: Set<NodeId>
}

/** A grant that covers an action, or why none does. */
export type GrantAnswer =
  | { readonly covered: true; readonly touch: () => void }
  | { readonly covered: false; readonly why: string }

/** The grants of every agent, and what was done under each. */
export class GrantBook {
  readonly #held = new Map<AgentId, Held[]>()

  give(grant: Grant): void {
    const list = this.#held.get(grant.agent) ?? []
    this.#held.set(grant.agent, [...list, { grant, touched: new Set() }])
  }

  /** Takes away every grant of the agent. */
  revoke(agent: AgentId): void {
    this.#held.delete(agent)
  }

  /** Those of the nodes that some grant of the agent covers at present, for whatever action. */
  nodesOf(agent: AgentId, nodes: readonly NodeId[], now: number): readonly NodeId[] {
    const valid = (this.#held.get(agent) ?? []).filter(({ grant }) => now < grant.expiresAt)
    return nodes.filter((node) =>
      valid.some(({ grant }) => grant.nodes === 'all' || grant.nodes.includes(node)),
    )
  }

  /** The first grant that covers the action. For a new change, `touch` counts the node against the grant. */
  find(agent: AgentId, action: MeshAction, isNew: boolean, now: number): GrantAnswer {
    const held = this.#held.get(agent) ?? []
    if (held.length === 0) return { covered: false, why: `agent ${agent} holds no grant` }
    let why = ''
    for (const { grant, touched } of held) {
      const spent = isNew && !touched.has(action.node) && touched.size >= grant.maxTouchedNodes
      const missing = spent
        ? `it covers ${grant.maxTouchedNodes} nodes, used up`
        : missingIn(grant, action, now)
      if (missing === undefined) return { covered: true, touch: () => touched.add(action.node) }
      why ||= missing
    }
    return { covered: false, why: `no grant of agent ${agent} lets it ${describeAction(action)}: ${why}` }
  }
}

function missingIn(grant: Grant, { kind, node }: MeshAction, now: number): string | undefined {
  if (now >= grant.expiresAt) return 'it has expired'
  if (grant.actions !== 'all' && !grant.actions.includes(kind)) return `it does not cover ${kind}`
  if (grant.nodes !== 'all' && !grant.nodes.includes(node)) return `it does not cover node ${node}`
  return undefined
}
