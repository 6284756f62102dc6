import type { NodeId } from '../../../core/index.ts'
import type { RouteView } from '../../model.ts'
import type { NodeState } from './node-state.ts'
import { INFINITY } from './parser.ts'

interface Hop {
  readonly nextHop: NodeId | undefined
  readonly originator: string
}

/** The routes of one node by prefix, frozen in time. */
export interface RouteIndex {
  readonly version: number
  readonly installed: ReadonlyMap<string, Hop>
  /** Router ids by prefix, for prefixes of nodes only: all that are announced here, installed or not. */
  readonly announced: ReadonlyMap<string, ReadonlySet<string>>
}

export function indexRoutes(
  node: NodeState,
  isNodePrefix: (prefix: string) => boolean,
  peerAt: (iface: string, address: string) => NodeId | undefined,
): RouteIndex {
  const installed = new Map<string, Hop>()
  const announced = new Map<string, Set<string>>()
  const announce = (prefix: string, originator: string) => {
    if (!isNodePrefix(prefix)) return
    const ids = announced.get(prefix) ?? new Set()
    announced.set(prefix, ids.add(originator))
  }
  for (const route of node.table.routes()) {
    if (route.metric >= INFINITY || isSourceSpecific(route.from)) continue
    announce(route.prefix, route.routerId)
    if (!route.installed) continue
    installed.set(route.prefix, { nextHop: peerAt(route.iface, route.via), originator: route.routerId })
  }
  if (node.live && node.routerId !== undefined) {
    for (const xroute of node.table.xroutes.values()) announce(xroute.prefix, node.routerId)
  }
  return { version: node.routesVersion, installed, announced }
}

/** Routes as they were when the view was made. `canonical` gives a node's old router ids its present one. */
export function routeView(
  indexes: ReadonlyMap<NodeId, RouteIndex>,
  prefixes: ReadonlyMap<NodeId, string>,
  canonical: (owner: NodeId, routerId: string) => string,
): RouteView {
  const nextHop = (from: NodeId, to: NodeId): NodeId | undefined => {
    const prefix = prefixes.get(to)
    return prefix === undefined || from === to ? undefined : indexes.get(from)?.installed.get(prefix)?.nextHop
  }
  return Object.freeze({
    nextHop,
    path(from: NodeId, to: NodeId): readonly NodeId[] | undefined {
      const way = [from]
      const seen = new Set(way)
      for (let at = from; at !== to; ) {
        const next = nextHop(at, to)
        if (next === undefined || seen.has(next)) return undefined
        seen.add(next)
        way.push(next)
        at = next
      }
      return way
    },
    originatorsOf(node: NodeId): ReadonlyMap<string, readonly NodeId[]> {
      const believers = new Map<string, NodeId[]>()
      const prefix = prefixes.get(node)
      if (prefix === undefined) return believers
      for (const [id, index] of indexes) {
        for (const announced of index.announced.get(prefix) ?? []) {
          const originator = canonical(node, announced)
          const list = believers.get(originator) ?? []
          believers.set(originator, list)
          const installed = index.installed.get(prefix)
          if (installed && installed.originator === announced) list.push(id)
        }
      }
      return believers
    },
  })
}

function isSourceSpecific(from: string): boolean {
  return from !== '::/0' && from !== '0.0.0.0/0'
}
