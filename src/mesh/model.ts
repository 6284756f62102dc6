import type { LinkId, NodeId } from '../core/index.ts'
import type { Observation, Source } from './observation.ts'

/** State of the routing daemon on a node, as its executor sees the process. */
export type DaemonState = 'running' | 'stopped' | 'dead'

export interface Position {
  readonly longitude: number
  readonly latitude: number
}

export interface MeshInterface {
  readonly name: string
  /** Administrative and carrier state together: can it carry packets. */
  readonly up: Observation<boolean>
  readonly mtu: Observation<number>
  /** Cost that this interface announces for receiving (babel `rxcost`); 96 is babeld's default for a wire. */
  readonly rxcost: Observation<number>
}

export interface MeshNode {
  readonly id: NodeId
  readonly name: string
  /** The address (no prefix length) under which the node is reached over the mesh. */
  readonly address: string | undefined
  /** Whether this mesh's operator lets us act here (an executor is present). */
  readonly managed: boolean
  readonly gateway: boolean
  readonly position: Position | undefined
  /** Reachable and serving, as far as anyone can tell. */
  readonly online: Observation<boolean>
  readonly daemon: Observation<DaemonState>
  /** Router id (babel) or originator address (batman) under which the node announces itself. */
  readonly routerId: Observation<string>
  /** Prefixes that the node itself originates. */
  readonly prefixes: Observation<readonly string[]>
  readonly interfaces: readonly MeshInterface[]
  readonly clients: Observation<number>
  readonly loadAverage: Observation<number>
  /** What a file or a daemon said beside (firmware, model, …), carried through conversions untouched. */
  readonly attributes: Readonly<Record<string, unknown>>
}

/** One direction of a link: from the owner of the side to the other side. */
export interface LinkSide {
  readonly node: NodeId
  /** Name of the interface on `node`, undefined where the source does not tell. */
  readonly iface: string | undefined
  /** Expected transmissions of this direction, at least 1 (ETX, De Couto et al. 2003). */
  readonly etx: Observation<number>
  /** Transmit quality 0..1 (B.A.T.M.A.N. IV; meshviewer's `source_tq`). */
  readonly tq: Observation<number>
  /** Routing cost that the daemon uses to send in this direction (babel link cost, 65535 is infinite). */
  readonly cost: Observation<number>
}

/** An undirected adjacency; `id` is the same from whichever side it was learnt. */
export interface Link {
  readonly id: LinkId
  readonly a: LinkSide
  readonly b: LinkSide
  readonly up: Observation<boolean>
  readonly latencyMs: Observation<number>
  readonly type: string | undefined
  readonly attributes: Readonly<Record<string, unknown>>
}

export interface Route {
  /** The node that holds the route. */
  readonly node: NodeId
  readonly prefix: string
  /** Router id that originates the prefix, as announced (not proven). */
  readonly originator: string
  /** The neighbour it goes through; undefined where that address belongs to no known node. */
  readonly nextHop: NodeId | undefined
  readonly iface: string
  readonly metric: number
  readonly installed: boolean
  readonly feasible: boolean
}

/** What the daemons' tables say; empty for meshes whose routes nobody can read. */
export interface RouteView {
  /** The installed next hop at `from` towards the address of `to`. */
  nextHop(from: NodeId, to: NodeId): NodeId | undefined
  /** Nodes on the way, both ends included; undefined where a hop has no route or the way loops. */
  path(from: NodeId, to: NodeId): readonly NodeId[] | undefined
  /** Every originator that is announced for the address of `node`, with the nodes that believe it. */
  originatorsOf(node: NodeId): ReadonlyMap<string, readonly NodeId[]>
}

/** One consistent picture. Built whole or not at all; a new observation makes a new snapshot. */
export interface MeshSnapshot {
  readonly takenAt: number
  readonly source: Source
  readonly nodes: ReadonlyMap<NodeId, MeshNode>
  readonly links: ReadonlyMap<LinkId, Link>
  readonly routes: RouteView
  /** Label of the mesh or of the file that it came from. */
  readonly label: string | undefined
  /** What a file said about the mesh as a whole (protocol, operator, …), carried through conversions untouched. */
  readonly attributes?: Readonly<Record<string, unknown>>
}
