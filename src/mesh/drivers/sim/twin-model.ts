import type { LinkId, NodeId } from '../../../core/index.ts'
import type { MeshAction } from '../../action.ts'
import type { LinkSide, MeshSnapshot } from '../../model.ts'
import { valueOr } from '../../observation.ts'
import type { TwinBelief } from './belief.ts'
import { type SimTopology, type Wiring, wire } from './topology.ts'

const DEFAULT_COST = 96
const DEFAULT_MTU = 1500
/** Above this loss two hellos of three hardly ever arrive: a neighbour that was dropped stays away. */
const HOPELESS_LOSS = 0.6

/** The topology that a snapshot describes, in its order of nodes and links. */
export function topologyOf(snapshot: MeshSnapshot): SimTopology {
  return {
    nodes: [...snapshot.nodes.values()].map((node) => ({
      id: node.id,
      name: node.name,
      gateway: node.gateway,
      managed: node.managed,
      ...(node.position === undefined ? {} : { position: node.position }),
      ...(node.address === undefined ? {} : { address: node.address }),
    })),
    links: [...snapshot.links.values()].map(({ id, a, b, latencyMs }) => ({
      id,
      a: a.node,
      b: b.node,
      delayMs: valueOr(latencyMs, 1),
      // An interface that nobody named gets a name that no action can mean.
      ifaces: [a.iface ?? `${id} of ${a.node}`, b.iface ?? `${id} of ${b.node}`] as const,
    })),
  }
}

/** The part of a twin that depends on the snapshot alone: made once for all questions about it. */
export class TwinBase {
  readonly snapshot: MeshSnapshot
  readonly wiring: Wiring
  /** Cost to send over each slot, as the daemons say or would say. */
  readonly cost: Float64Array
  readonly up: Uint8Array
  readonly ifaceUp: Uint8Array
  readonly mtu: Float64Array
  readonly alive: Uint8Array
  /** Next node at `node * nodes + to` in the daemons' tables, -1 where there is none. */
  readonly next: Int32Array

  constructor(snapshot: MeshSnapshot) {
    this.snapshot = snapshot
    this.wiring = wire(topologyOf(snapshot))
    const { wiring } = this
    const slots = wiring.owner.length
    const nodes = wiring.nodeIds.length
    this.cost = new Float64Array(slots).fill(DEFAULT_COST)
    this.up = new Uint8Array(slots).fill(1)
    this.ifaceUp = new Uint8Array(slots).fill(1)
    this.mtu = new Float64Array(slots).fill(DEFAULT_MTU)
    this.alive = new Uint8Array(nodes).fill(1)
    this.next = new Int32Array(nodes * nodes).fill(-1)
    for (const [index, link] of [...snapshot.links.values()].entries()) {
      const [a, b] = [wiring.sides[index * 2] as number, wiring.sides[index * 2 + 1] as number]
      this.#readSide(a, link.a, link.b)
      this.#readSide(b, link.b, link.a)
      if (link.up.known && !link.up.value) this.up[a] = this.up[b] = 0
    }
    for (const [index, node] of [...snapshot.nodes.values()].entries()) {
      if (node.daemon.known && node.daemon.value !== 'running') this.alive[index] = 0
      for (const to of snapshot.nodes.keys()) {
        const hop = snapshot.routes.nextHop(node.id, to)
        const at = index * nodes + (wiring.nodeOf.get(to) as number)
        if (hop !== undefined) this.next[at] = wiring.nodeOf.get(hop) ?? -1
      }
    }
  }

  #readSide(slot: number, side: LinkSide, other: LinkSide): void {
    const own = this.snapshot.nodes.get(side.node)?.interfaces.find(({ name }) => name === side.iface)
    const peer = this.snapshot.nodes.get(other.node)?.interfaces.find(({ name }) => name === other.iface)
    const announced = peer === undefined ? DEFAULT_COST : valueOr(peer.rxcost, DEFAULT_COST)
    const cost = valueOr(side.cost, announced)
    this.cost[slot] = cost >= 65535 ? announced : cost
    if (own === undefined) return
    this.ifaceUp[slot] = valueOr(own.up, true) ? 1 : 0
    this.mtu[slot] = valueOr(own.mtu, DEFAULT_MTU)
  }
}

/** A mesh to ask "what if": beliefs and actions change it, nothing simulates it. */
export class TwinModel {
  readonly base: TwinBase
  readonly cost: Float64Array
  /** Whether the daemons at both ends route over the slot's link. */
  readonly routed: Uint8Array
  readonly ifaceUp: Uint8Array
  readonly mtu: Float64Array
  readonly alive: Uint8Array
  readonly loss: Float64Array
  readonly largeLoss: Float64Array
  readonly share: Float64Array
  readonly #switchedOff: Uint8Array
  /** Nodes that announce another one's address. */
  readonly announcers = new Map<number, Set<number>>()

  constructor(base: TwinBase, beliefs: readonly TwinBelief[]) {
    this.base = base
    this.cost = base.cost.slice()
    this.routed = base.up.slice()
    this.ifaceUp = base.ifaceUp.slice()
    this.mtu = base.mtu.slice()
    this.alive = base.alive.slice()
    this.loss = new Float64Array(this.cost.length)
    this.largeLoss = new Float64Array(this.cost.length)
    this.share = new Float64Array(this.alive.length).fill(1)
    this.#switchedOff = new Uint8Array(this.alive.length)
    for (const belief of beliefs) this.#believe(belief)
  }

  /** The slot of an interface, -1 where the snapshot names none such. */
  slot(node: NodeId, iface: string): number {
    const { wiring } = this.base
    const index = wiring.nodeOf.get(node)
    if (index === undefined) return -1
    const last = wiring.first[index + 1] as number
    for (let slot = wiring.first[index] as number; slot < last; slot++) {
      if (wiring.ifaces[slot] === iface) return slot
    }
    return -1
  }

  /** Whether routing may use the slot: both daemons and both interfaces agree. */
  isRouted(slot: number): boolean {
    const { wiring } = this.base
    const back = wiring.rev[slot] as number
    if (this.routed[slot] === 0 || this.routed[back] === 0) return false
    if (this.ifaceUp[slot] === 0 || this.ifaceUp[back] === 0) return false
    return this.alive[wiring.owner[slot] as number] === 1 && this.alive[wiring.peer[slot] as number] === 1
  }

  /** Probability that a packet of `bytes` crosses the slot. */
  crossing(slot: number, bytes: number): number {
    const back = this.base.wiring.rev[slot] as number
    if (this.ifaceUp[slot] === 0 || this.ifaceUp[back] === 0) return 0
    // Above the MTU packets come in fragments, which are not large.
    const isLarge = bytes <= (this.mtu[slot] as number)
    const large = isLarge && bytes > 1000 ? (this.largeLoss[slot] as number) : 0
    return (1 - (this.loss[slot] as number)) * (1 - large)
  }

  /** Changes the model as the action would change the mesh; what it cannot follow leaves it as it is. */
  act(action: MeshAction): void {
    const { wiring } = this.base
    const node = wiring.nodeOf.get(action.node)
    if (node === undefined) return
    switch (action.kind) {
      case 'restart-daemon':
        this.alive[node] = 1
        if (action.rxcost !== undefined) this.#announceCost(node, action.rxcost)
        return
      case 'resume-daemon':
        this.alive[node] = 1
        return
      case 'renew-routes':
        return
      case 'set-forwarding':
        if (this.#switchedOff[node] === 1) this.share[node] = action.enabled ? 1 : 0
        return
      case 'withdraw-prefix':
      case 'announce-prefix': {
        const victim = this.#ownerOf(action.prefix)
        if (victim === undefined || victim === node) return
        if (action.kind === 'withdraw-prefix') this.announcers.get(victim)?.delete(node)
        else this.#announce(node, victim)
        return
      }
      default:
    }
    const slot = this.slot(action.node, action.iface)
    if (slot < 0) return
    const back = wiring.rev[slot] as number
    switch (action.kind) {
      case 'set-link-cost':
      case 'add-interface':
        this.cost[back] = action.rxcost
        // Flushing forgets the neighbour: it comes back only if its hellos do.
        this.routed[slot] = this.routed[back] = this.#isHopeless(slot) ? 0 : 1
        return
      case 'drop-interface':
        this.routed[slot] = 0
        return
      case 'set-interface-up':
        this.ifaceUp[slot] = action.up ? 1 : 0
        if (action.up) this.routed[slot] = this.routed[back] = 1
        return
      case 'set-interface-mtu':
        this.mtu[slot] = action.mtu
    }
  }

  /** Neighbours pay what the node announces for receiving. */
  #announceCost(node: number, rxcost: number): void {
    const { first, rev } = this.base.wiring
    const last = first[node + 1] as number
    for (let slot = first[node] as number; slot < last; slot++) this.cost[rev[slot] as number] = rxcost
  }

  /** Links that carry next to nothing are lost to routing once the daemons have noticed. */
  noticeDeadLinks(): void {
    for (let slot = 0; slot < this.loss.length; slot++) if (this.#isHopeless(slot)) this.routed[slot] = 0
  }

  #isHopeless(slot: number): boolean {
    const back = this.base.wiring.rev[slot] as number
    return Math.max(this.loss[slot] as number, this.loss[back] as number) >= HOPELESS_LOSS
  }

  #believe(belief: TwinBelief): void {
    const { wiring } = this.base
    if (belief.kind === 'link-loss') {
      const slot = this.#sender(belief.link, belief.from)
      if (slot < 0) return
      if (belief.largeOnly) this.largeLoss[slot] = belief.loss
      else this.loss[slot] = belief.loss
      return
    }
    const node = wiring.nodeOf.get(belief.node)
    if (node === undefined) return
    switch (belief.kind) {
      case 'forwards':
        this.share[node] = belief.share
        this.#switchedOff[node] = belief.switchedOff ? 1 : 0
        return
      case 'daemon':
        this.alive[node] = 0
        return
      case 'announces': {
        const victim = wiring.nodeOf.get(belief.victim)
        if (victim !== undefined) this.#announce(node, victim)
        return
      }
      case 'interface-off': {
        const slot = this.slot(belief.node, belief.iface)
        if (slot >= 0) this.ifaceUp[slot] = 0
      }
    }
  }

  #sender(link: LinkId, from: NodeId): number {
    const { wiring } = this.base
    const index = wiring.linkOf.get(link)
    if (index === undefined) return -1
    const sides = [wiring.sides[index * 2] as number, wiring.sides[index * 2 + 1] as number]
    return sides.find((slot) => wiring.nodeIds[wiring.owner[slot] as number] === from) ?? -1
  }

  #ownerOf(prefix: string): number | undefined {
    const address = prefix.replace(/\/\d+$/, '')
    for (const node of this.base.snapshot.nodes.values()) {
      if (node.address === address) return this.base.wiring.nodeOf.get(node.id)
    }
    return undefined
  }

  #announce(node: number, victim: number): void {
    const announcers = this.announcers.get(victim) ?? new Set<number>()
    announcers.add(node)
    this.announcers.set(victim, announcers)
  }
}
