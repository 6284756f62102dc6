import { type NodeId, nodeId } from '../../../core/index.ts'
import type { MeshNode } from '../../model.ts'
import { known, UNKNOWN, unknown } from '../../observation.ts'
import type { RouteIndex } from './route-view.ts'

/** A node that is in no inventory: known by what it announces, and acted on by nobody here. */
export interface Stranger {
  readonly id: NodeId
  readonly address: string | undefined
  readonly prefixes: readonly string[]
  /** Nodes of ours that have a route to it. */
  readonly heardBy: number
}

/**
 * Who announces prefixes that belong to no node of the inventory. Its router id is its name. A router id that
 * announces nothing but addresses of ours is none: it is a node of ours that has just started anew, or a hijacker.
 */
export function findStrangers(indexes: ReadonlyMap<NodeId, RouteIndex>): ReadonlyMap<NodeId, Stranger> {
  const prefixes = new Map<string, Set<string>>()
  const heardBy = new Map<string, number>()
  for (const { strangers } of indexes.values()) {
    for (const [routerId, announced] of strangers) {
      const all = prefixes.get(routerId) ?? new Set()
      prefixes.set(routerId, all)
      for (const prefix of announced) all.add(prefix)
      heardBy.set(routerId, (heardBy.get(routerId) ?? 0) + 1)
    }
  }
  return new Map(
    [...prefixes].map(([routerId, announced]) => {
      const list = [...announced].sort()
      const id = nodeId(routerId)
      return [id, { id, address: hostAddress(list), prefixes: list, heardBy: heardBy.get(routerId) ?? 0 }]
    }),
  )
}

/** The first host among the prefixes, IPv6 before IPv4: the address under which its node is reached. */
export function hostAddress(prefixes: readonly string[]): string | undefined {
  const host =
    prefixes.find((prefix) => prefix.endsWith('/128')) ?? prefixes.find((prefix) => prefix.endsWith('/32'))
  return host?.slice(0, host.indexOf('/'))
}

export function describeStranger({ id, address, prefixes, heardBy }: Stranger, now: number): MeshNode {
  return Object.freeze({
    id,
    name: address ?? id,
    address,
    managed: false,
    gateway: prefixes.includes('::/0') || prefixes.includes('0.0.0.0/0'),
    position: undefined,
    online: known(heardBy > 0, 'derived', now),
    daemon: unknown('no executor on this node'),
    routerId: known(id, 'measured', now),
    prefixes: known(prefixes, 'measured', now),
    interfaces: Object.freeze([]),
    clients: UNKNOWN,
    loadAverage: UNKNOWN,
    attributes: Object.freeze({}),
  })
}
