import type { LinkId, NodeId } from '../core/index.ts'
import type { MeshNode, MeshRouter, MeshSnapshot } from '../mesh/index.ts'
import type { NodeRef } from './node-ref.ts'

export interface OfflineNode extends NodeRef {
  readonly gateway: boolean
  /** When the node itself last said anything; null where the file does not tell. ISO 8601. */
  readonly lastSeen: string | null
}

export interface DownLink {
  readonly id: LinkId
  readonly between: readonly [NodeRef, NodeRef]
}

/** What is broken at the time of the snapshot. */
export interface Trouble {
  /** Gateways first, then the ones lost last. */
  readonly offline: readonly OfflineNode[]
  /** Not known to be offline, but no path leads to a gateway. Empty where no gateway is marked. */
  readonly withoutGateway: readonly NodeRef[]
  readonly downLinks: readonly DownLink[]
}

export function troubleOf(snapshot: MeshSnapshot, router: MeshRouter, ref: (id: NodeId) => NodeRef): Trouble {
  const nodes = [...snapshot.nodes.values()]
  const offline = nodes.filter(isOffline).map((node): OfflineNode => {
    return { ...ref(node.id), gateway: node.gateway, lastSeen: lastSeen(node) }
  })
  offline.sort((a, b) => Number(b.gateway) - Number(a.gateway) || compareText(b.lastSeen, a.lastSeen))
  const hasGateway = nodes.some((node) => node.gateway)
  const lost = router.components().flatMap((part) => {
    return part.some((id) => snapshot.nodes.get(id)?.gateway) ? [] : part.map(ref)
  })
  const downLinks = [...snapshot.links.values()].flatMap((link): DownLink[] => {
    const down = link.up.known && !link.up.value
    return down ? [{ id: link.id, between: [ref(link.a.node), ref(link.b.node)] }] : []
  })
  return { offline, withoutGateway: hasGateway ? lost : [], downLinks }
}

function isOffline(node: MeshNode): boolean {
  return node.online.known && !node.online.value
}

/** The node's own statistics are as old as its last word. */
function lastSeen(node: MeshNode): string | null {
  const latest = [node.clients, node.loadAverage].find((value) => value.known)
  return latest?.known ? new Date(latest.observedAt).toISOString() : null
}

function compareText(a: string | null, b: string | null): number {
  if (a === b) return 0
  return (a ?? '') < (b ?? '') ? -1 : 1
}
