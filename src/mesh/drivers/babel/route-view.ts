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
  /** The node's own id and prefixes; undefined and none where its daemon does not speak. */
  readonly routerId: string | undefined
  readonly own: ReadonlySet<string>
  readonly installed: ReadonlyMap<string, Hop>
  /** Router ids by prefix, for prefixes of nodes only: all that are announced here, installed or not. */
  readonly announced: ReadonlyMap<string, ReadonlySet<string>>
  /** Prefixes by router id, of routers that are none of ours. */
  readonly strangers: ReadonlyMap<string, ReadonlySet<string>>
}

/** What the index of one node is made with. */
export interface Surroundings {
  readonly isNodePrefix: (prefix: string) => boolean
  readonly isOurs: (routerId: string) => boolean
  readonly peerAt: (self: NodeId, address: string) => NodeId | undefined
}

export function indexRoutes(node: NodeState, { isNodePrefix, isOurs, peerAt }: Surroundings): RouteIndex {
  const installed = new Map<string, Hop>()
  const announced = new Map<string, Set<string>>()
  const strangers = new Map<string, Set<string>>()
  const announce = (prefix: string, originator: string) => {
    if (!isNodePrefix(prefix)) return
    const ids = announced.get(prefix) ?? new Set()
    announced.set(prefix, ids.add(originator))
  }
  for (const route of node.table.routes()) {
    if (route.metric >= INFINITY || isSourceSpecific(route.from)) continue
    announce(route.prefix, route.routerId)
    if (!isOurs(route.routerId) && !isNodePrefix(route.prefix)) {
      strangers.set(route.routerId, (strangers.get(route.routerId) ?? new Set()).add(route.prefix))
    }
    if (!route.installed) continue
    installed.set(route.prefix, { nextHop: peerAt(node.id, route.via), originator: route.routerId })
  }
  const routerId = node.live ? node.routerId : undefined
  const own = new Set(
    routerId === undefined ? [] : [...node.table.xroutes.values()].map(({ prefix }) => prefix),
  )
  return { version: node.routesVersion, routerId, own, installed, announced, strangers }
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
      const prefix = prefixes.get(node)
      return prefix === undefined ? new Map() : originators(indexes, node, prefix, canonical)
    },
  })
}

/**
 * Who announces `prefix` now: a daemon that says so itself, a stranger that is heard of, or whoever is believed. A
 * router of ours that does not say so any more is none, though others keep its routes until they expire; so does
 * the owner, which never uses a route to itself.
 */
function originators(
  indexes: ReadonlyMap<NodeId, RouteIndex>,
  owner: NodeId,
  prefix: string,
  canonical: (owner: NodeId, routerId: string) => string,
): ReadonlyMap<string, readonly NodeId[]> {
  const believers = new Map<string, NodeId[]>()
  const believersOf = (routerId: string): NodeId[] => {
    const originator = canonical(owner, routerId)
    const list = believers.get(originator) ?? []
    believers.set(originator, list)
    return list
  }
  const ours = new Set<string>()
  for (const { routerId, own } of indexes.values()) {
    if (routerId === undefined) continue
    ours.add(routerId)
    if (own.has(prefix)) believersOf(routerId)
  }
  for (const [id, index] of indexes) {
    const installed = index.installed.get(prefix)
    if (installed) believersOf(installed.originator).push(id)
    if (id === owner) continue
    for (const routerId of index.announced.get(prefix) ?? []) if (!ours.has(routerId)) believersOf(routerId)
  }
  return believers
}

function isSourceSpecific(from: string): boolean {
  return from !== '::/0' && from !== '0.0.0.0/0'
}
