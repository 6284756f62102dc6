import type { NodeId } from '../../../core/index.ts'
import type { MeshInterface, MeshNode, MeshSnapshot } from '../../model.ts'
import { known, type Observation, UNKNOWN, unknown } from '../../observation.ts'
import type { LinkRegistry } from './link-registry.ts'
import { hostPrefix, type NodeState } from './node-state.ts'
import { indexRoutes, type RouteIndex, routeView, type Surroundings } from './route-view.ts'
import { describeStranger, findStrangers, type Stranger } from './strangers.ts'

/** Builds snapshots from the live model; keeps the last one, and the route index of every node that stood still. */
export class SnapshotBuilder {
  readonly #nodes: ReadonlyMap<NodeId, NodeState>
  readonly #links: LinkRegistry
  readonly #surroundings: Surroundings
  readonly #label: string | undefined
  readonly #indexes = new Map<NodeId, RouteIndex>()
  #strangers: ReadonlyMap<NodeId, Stranger> = new Map()
  #last: { version: number; snapshot: MeshSnapshot } | undefined

  constructor(
    nodes: ReadonlyMap<NodeId, NodeState>,
    links: LinkRegistry,
    surroundings: Surroundings,
    label: string | undefined,
  ) {
    this.#nodes = nodes
    this.#links = links
    this.#surroundings = surroundings
    this.#label = label
  }

  snapshot(version: number, now: number): MeshSnapshot {
    if (this.#last?.version === version) return this.#last.snapshot
    const indexes = new Map<NodeId, RouteIndex>()
    for (const node of this.#nodes.values()) indexes.set(node.id, this.#index(node))
    this.#strangers = findStrangers(indexes)
    const prefixes = new Map<NodeId, string>()
    const nodes = new Map<NodeId, MeshNode>()
    for (const { id, address } of [...this.#nodes.values(), ...this.#strangers.values()]) {
      const prefix = hostPrefix(address)
      if (prefix !== undefined) prefixes.set(id, prefix)
    }
    for (const [id, node] of this.#nodes) nodes.set(id, describeNode(node))
    for (const [id, stranger] of this.#strangers) nodes.set(id, describeStranger(stranger, now))
    const snapshot: MeshSnapshot = Object.freeze({
      takenAt: now,
      source: 'measured',
      nodes,
      links: this.#links.build((id) => nodes.has(id)),
      routes: routeView(indexes, prefixes, (owner, id) => this.#canonical(owner, id)),
      label: this.#label,
    })
    this.#last = { version, snapshot }
    return snapshot
  }

  /** A node of nobody's inventory, as of the last snapshot. */
  stranger(id: NodeId): Stranger | undefined {
    return this.#strangers.get(id)
  }

  #index(node: NodeState): RouteIndex {
    const existing = this.#indexes.get(node.id)
    if (existing?.version === node.routesVersion) return existing
    const index = indexRoutes(node, this.#surroundings)
    this.#indexes.set(node.id, index)
    return index
  }

  #canonical(owner: NodeId, routerId: string): string {
    const node = this.#nodes.get(owner)
    return node?.routerId !== undefined && node.routerIds.has(routerId) ? node.routerId : routerId
  }
}

function describeNode(node: NodeState): MeshNode {
  const { spec, table, heardAt } = node
  const prefixes = [...table.xroutes.values()].map(({ prefix }) => prefix)
  return Object.freeze({
    id: node.id,
    name: spec.name ?? spec.id,
    address: node.address,
    managed: spec.socket !== undefined,
    gateway: spec.gateway ?? prefixes.some((prefix) => prefix === '::/0' || prefix === '0.0.0.0/0'),
    position: undefined,
    online: onlineOf(node),
    daemon: node.daemon,
    routerId: node.routerId === undefined ? UNKNOWN : known(node.routerId, 'measured', heardAt),
    prefixes: heardAt === 0 ? unknown('the daemon was never heard') : known(prefixes, 'measured', heardAt),
    interfaces: Object.freeze([...table.interfaces.values()].map((iface) => describeInterface(node, iface))),
    clients: UNKNOWN,
    loadAverage: UNKNOWN,
    attributes: Object.freeze(node.version === undefined ? {} : { daemonVersion: node.version }),
  })
}

function describeInterface(node: NodeState, { name, up }: { name: string; up: boolean }): MeshInterface {
  const [mtu, rxcost] = [node.mtus.get(name), node.rxcosts.get(name)]
  return Object.freeze({
    name,
    up: node.live ? known(up, 'measured', node.heardAt) : unknown('the daemon does not speak'),
    mtu: mtu ? known(mtu.value, 'measured', mtu.at) : unknown('not inspected yet'),
    rxcost: rxcost ? known(rxcost.value, 'measured', rxcost.at) : unknown('no neighbour heard yet'),
  })
}

function onlineOf({ daemon }: NodeState): Observation<boolean> {
  return daemon.known ? known(daemon.value === 'running', 'derived', daemon.observedAt) : daemon
}
