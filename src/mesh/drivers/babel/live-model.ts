import { type Clock, type LinkId, type NodeId, nodeId } from '../../../core/index.ts'
import type { MeshChange } from '../../driver.ts'
import type { DaemonState, MeshSnapshot } from '../../model.ts'
import { known, valueOr } from '../../observation.ts'
import { AddressBook } from './address-book.ts'
import { Announcements } from './announcements.ts'
import type { Inventory } from './inventory.ts'
import { LinkRegistry } from './link-registry.ts'
import { hostPrefix, type NodeState, newNodeState } from './node-state.ts'
import { NodeTable, type TableChange } from './node-table.ts'
import { INFINITY } from './parser.ts'
import { SnapshotBuilder } from './snapshot-builder.ts'
import type { Greeting } from './socket.ts'
import { hostAddress } from './strangers.ts'

/** How long link and route news are gathered before they are told. */
const LINKS_MS = 5
const ROUTES_MS = 100
/** A daemon that comes back with another router id is heard by its neighbours before it is by us. */
const STRANGER_MS = 1500

/** The mesh as its daemons tell it, kept up to date line by line, and what moved in it. */
export class LiveModel {
  readonly nodes: ReadonlyMap<NodeId, NodeState>
  readonly links: LinkRegistry
  readonly #clock: Clock
  readonly #emit: (change: MeshChange) => void
  readonly #addresses = new AddressBook()
  readonly #announcements: Announcements
  readonly #builder: SnapshotBuilder
  readonly #owners = new Map<string, NodeId>()
  readonly #ourIds = new Set<string>()
  readonly #dirtyLinks = new Set<NodeState>()
  readonly #dirtyRoutes = new Set<NodeState>()
  readonly #timers = new Map<string, () => void>()
  #version = 0

  constructor(
    clock: Clock,
    inventory: Inventory,
    label: string | undefined,
    emit: (change: MeshChange) => void,
  ) {
    this.#clock = clock
    this.#emit = emit
    this.nodes = new Map(
      inventory.nodes.map((spec) => [nodeId(spec.id), newNodeState(nodeId(spec.id), spec)]),
    )
    this.links = new LinkRegistry(this.nodes)
    for (const node of this.nodes.values()) this.#own(node)
    this.#announcements = new Announcements(this.#owners, (victim, originator) =>
      this.#judge(victim, originator),
    )
    const surroundings = {
      isNodePrefix: (prefix: string) => this.#owners.has(prefix),
      isOurs: (routerId: string) => this.#isOurs(routerId),
      peerAt: (self: NodeId, address: string) => this.#addresses.owner(address, self)?.node,
    }
    this.#builder = new SnapshotBuilder(this.nodes, this.links, surroundings, label)
  }

  /** The present picture; the same object while nothing changes. */
  snapshot(): MeshSnapshot {
    return this.#builder.snapshot(this.#version, this.#clock.now())
  }

  /** One monitor stream's feed: give it what the daemon of `node` says. */
  feed(node: NodeState): { start(greeting: Greeting): void; line(line: string): void; synced(): void } {
    let next: NodeTable | undefined
    let greeted: Greeting | undefined
    return {
      start: (greeting) => {
        next = new NodeTable()
        greeted = greeting
        if (greeting.routerId) node.routerIds.add(greeting.routerId)
        this.#ourIds.add(greeting.routerId)
      },
      line: (line) => {
        if (next) next.apply(line)
        else this.#changed(node, node.table.apply(line))
      },
      synced: () => {
        if (next && greeted) this.#swap(node, next, greeted)
        next = undefined
      },
    }
  }

  /** The monitor stream is gone; `dead` where nobody listens on the socket any more. */
  down(node: NodeState, dead: boolean): void {
    const wasLive = node.live
    node.live = false
    node.routesVersion++
    if (wasLive) this.#dirty(this.#dirtyLinks, node, 'links', LINKS_MS)
    if (dead) this.#daemon(node, 'dead')
    else if (node.process !== undefined && node.process !== 'running') this.#daemon(node, node.process)
  }

  /** What the executor sees of the process. */
  process(id: NodeId, state: DaemonState): void {
    const node = this.nodes.get(id)
    if (!node) return
    node.process = state
    this.#dirty(this.#dirtyLinks, node, 'links', LINKS_MS)
    // A process that has just been replaced is dead to the executor while the new one already talks to us.
    this.#daemon(node, state === 'dead' && node.live ? 'running' : state)
  }

  learnMtu(id: NodeId, iface: string, value: number): void {
    this.nodes.get(id)?.mtus.set(iface, { value, at: this.#clock.now() })
    this.#version++
  }

  /** Nothing is told any more. */
  stop(): void {
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
  }

  /** The address under which a node of the last snapshot is reached, ours or not. */
  addressOf(id: NodeId): string | undefined {
    return this.nodes.get(id)?.address ?? this.#builder.stranger(id)?.address
  }

  isStranger(id: NodeId): boolean {
    return this.#builder.stranger(id) !== undefined
  }

  /** Where to send to, to reach the far end of a link from `from`. */
  linkTarget(link: LinkId, from: NodeId): { iface: string; address: string; to: NodeId } | undefined {
    return this.links.addressTowards(link, from)
  }

  #swap(node: NodeState, table: NodeTable, greeting: Greeting): void {
    const before = node.table
    const ownBefore = node.routerId
    node.table = table
    node.routerId = greeting.routerId || undefined
    node.version = greeting.version
    node.live = true
    node.heardAt = this.#clock.now()
    node.routesVersion++
    this.#version++
    // First what is new, then what is gone: what stays is never counted down to nothing.
    for (const after of table.routes()) this.#announcements.observe({ kind: 'route', after }, node.routerId)
    for (const after of table.xroutes.values())
      this.#announcements.observe({ kind: 'xroute', after }, node.routerId)
    for (const gone of before.routes())
      this.#announcements.observe({ kind: 'route', before: gone }, ownBefore)
    for (const gone of before.xroutes.values()) {
      this.#announcements.observe({ kind: 'xroute', before: gone }, ownBefore)
    }
    for (const name of table.interfaces.keys()) this.#interfaceMoved(node, name, before)
    if (node.address === undefined) {
      node.address = hostAddress([...table.xroutes.values()].map(({ prefix }) => prefix))
      this.#own(node)
    }
    this.#learnAddresses(node)
    this.#learnCosts(node)
    this.#dirty(this.#dirtyLinks, node, 'links', LINKS_MS)
    this.#dirty(this.#dirtyRoutes, node, 'routes', ROUTES_MS)
    this.#daemon(node, node.process === 'stopped' ? 'stopped' : 'running')
  }

  #changed(node: NodeState, change: TableChange): void {
    node.heardAt = this.#clock.now()
    if (change.kind === 'none') return
    this.#version++
    if (change.kind === 'interface') {
      this.#learnAddresses(node)
      const up = node.table.interfaces.get(change.name)?.up ?? false
      if (up !== change.wasUp) {
        this.#emit({ kind: 'interface', node: node.id, iface: change.name, up, at: node.heardAt })
      }
      this.#dirty(this.#dirtyLinks, node, 'links', LINKS_MS)
    } else if (change.kind === 'neighbour') {
      this.#learnCosts(node)
      this.#dirty(this.#dirtyLinks, node, 'links', LINKS_MS)
    } else {
      node.routesVersion++
      this.#announcements.observe(change, node.routerId)
      this.#dirty(this.#dirtyRoutes, node, 'routes', ROUTES_MS)
    }
  }

  #interfaceMoved(node: NodeState, name: string, before: NodeTable): void {
    const [was, is] = [before.interfaces.get(name), node.table.interfaces.get(name)]
    if (!was || !is || was.up === is.up) return
    this.#emit({ kind: 'interface', node: node.id, iface: name, up: is.up, at: node.heardAt })
  }

  #learnAddresses(node: NodeState): void {
    if (!this.#addresses.learn(node)) return
    for (const other of this.nodes.values()) {
      other.routesVersion++
      this.#dirty(this.#dirtyLinks, other, 'links', LINKS_MS)
    }
  }

  #learnCosts(node: NodeState): void {
    for (const { iface, rxcost, cost } of node.table.neighbours.values()) {
      if (rxcost < INFINITY && cost < INFINITY) node.rxcosts.set(iface, { value: rxcost, at: node.heardAt })
    }
  }

  #daemon(node: NodeState, state: DaemonState): void {
    const at = this.#clock.now()
    if (valueOr(node.daemon, undefined) === state) return
    node.daemon = known(state, 'measured', at)
    this.#version++
    this.#emit({ kind: 'daemon', node: node.id, state, at })
  }

  #dirty(set: Set<NodeState>, node: NodeState, name: 'links' | 'routes', ms: number): void {
    set.add(node)
    this.#later(name, ms, () => (name === 'links' ? this.#tellLinks() : this.#tellRoutes()))
  }

  #later(name: string, ms: number, work: () => void): void {
    if (this.#timers.has(name)) return
    const fire = () => {
      this.#timers.delete(name)
      work()
    }
    this.#timers.set(name, this.#clock.after(ms, fire))
  }

  #tellLinks(): void {
    const at = this.#clock.now()
    this.#version++
    for (const node of this.#dirtyLinks) {
      const peerOf = ({ address }: { address: string }) => this.#addresses.owner(address, node.id)
      for (const move of this.links.refresh(node, peerOf, at)) this.#emit({ kind: 'link', ...move, at })
    }
    this.#dirtyLinks.clear()
  }

  #tellRoutes(): void {
    const at = this.#clock.now()
    for (const node of this.#dirtyRoutes) {
      this.#learnStrangers(node)
      this.#emit({ kind: 'routes', node: node.id, at })
    }
    this.#dirtyRoutes.clear()
  }

  /** Somebody announces the address of `victim`: told at once where the victim itself is heard, else after a while. */
  #judge(victim: NodeId, originator: string): void {
    const owner = this.nodes.get(victim)
    if (!owner || owner.routerIds.has(originator)) return
    const tell = () => {
      if (owner.routerIds.has(originator) || !this.#announcements.announced(victim, originator)) return
      this.#emit({ kind: 'originator', victim, originator, at: this.#clock.now() })
    }
    if (owner.live && this.#isOurs(originator)) tell()
    else this.#later(`stranger ${victim} ${originator}`, STRANGER_MS, tell)
  }

  /** A neighbour that is in no inventory is known by the routes that it originates itself. */
  #learnStrangers(node: NodeState): void {
    for (const { routerId, refmetric, metric, via, prefix } of node.table.routes()) {
      if (refmetric !== 0 || metric >= INFINITY || this.#ourIds.has(routerId) || this.#owners.has(prefix))
        continue
      if (!this.#addresses.learnStranger(via, nodeId(routerId))) continue
      node.routesVersion++
      this.#dirty(this.#dirtyLinks, node, 'links', LINKS_MS)
    }
  }

  #own(node: NodeState): void {
    const prefix = hostPrefix(node.address)
    if (prefix !== undefined) this.#owners.set(prefix, node.id)
  }

  #isOurs(routerId: string): boolean {
    return this.#ourIds.has(routerId)
  }
}
