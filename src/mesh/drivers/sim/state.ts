import type { Random } from '../../../core/index.ts'
import { EventHeap } from './event-heap.ts'
import type { SimProfile } from './profile.ts'
import type { Wiring } from './topology.ts'
import type { World } from './world.ts'

/** An infinite cost or metric. */
export const INFINITE = 65535
/** No route, no source: a router id that nobody has. */
export const NOBODY = 65535
/** Kernel entries beside slots: no route at all, and a route that says unreachable. */
export const NO_ROUTE = -1
export const UNREACHABLE = -2

export const DEAD = 0
export const RUNNING = 1
export const STOPPED = 2

/** What happens at an event. `a` is a node or a slot, `b` the epoch that it was made for, or what it says. */
export const EVENT = Object.freeze({
  hello: 1,
  extraHello: 2,
  check: 3,
  full: 4,
  flush: 5,
  expire: 6,
  link: 7,
  call: 8,
})

/** A seqno request that was sent or passed on and is not answered yet. */
export interface PendingRequest {
  seqno: number
  until: number
}

/** Distance of a source (prefix and router id) that does not fit the main table. */
export interface SourceEntry {
  seqno: number
  metric: number
  at: number
}

/**
 * Everything that the daemons and kernels of the mesh know, by numbers. Tables of routes are in the order of
 * `routeIndex`, tables of a node `node * width + prefix`. Times are in ms since the start of the simulation.
 */
export class MeshState {
  readonly wiring: Wiring
  readonly world: World
  readonly random: Random
  readonly profile: SimProfile
  readonly heap = new EventHeap()
  readonly nodes: number
  readonly slots: number
  /** Room for prefixes; the first `nodes` of them are the nodes' own addresses. */
  readonly width: number
  now = 0

  // For each node.
  readonly daemon: Uint8Array
  readonly epoch: Int32Array
  readonly routerId: Uint16Array
  readonly seqno: Uint16Array
  /** Prefixes that a node announces beside its own address. */
  readonly announced: Set<number>[]
  /** Prefixes beside its own address whose packets a node takes for itself. */
  readonly answers: Set<number>[]
  /** Nodes that do not announce their own address. */
  readonly withdrawn: Set<number>
  readonly requests: Map<number, PendingRequest>[]
  /** When a node last asked a single neighbour for a source. */
  readonly asked: Map<number, number>[]
  readonly otherSources: Map<number, SourceEntry>[]
  /** Until when the neighbours of a node send to it without delay. */
  readonly hastenedUntil: Float64Array

  /** Counts what changed a node's tables: what compares equal needs no second look. */
  readonly version: Int32Array

  // For each slot: the neighbour behind it and the interface.
  /** Versions of both ends at the last full update that said nothing new; -1 where it did. */
  readonly quietSender: Int32Array
  readonly quietReceiver: Int32Array
  readonly routed: Uint8Array
  readonly seenUp: Uint8Array
  readonly slotEpoch: Int32Array
  readonly rxcost: Uint16Array
  readonly reach: Uint16Array
  readonly hellosFrom: Float64Array
  readonly helloSeen: Uint8Array
  readonly helloSeqno: Uint16Array
  readonly ihuAt: Float64Array
  readonly txcost: Uint16Array
  readonly cost: Uint16Array
  readonly sendSeqno: Uint16Array
  readonly flushAt: Float64Array
  readonly lastFull: Float64Array
  readonly pendingAll: Uint8Array
  readonly pending: number[][]
  readonly isPending: Uint8Array

  // Routes: routeIndex(slot, prefix).
  readonly rowBase: Int32Array
  readonly stride: Int32Array
  readonly refmetric: Uint16Array
  readonly routeSeqno: Uint16Array
  readonly routeRouter: Uint16Array
  readonly routeAt: Uint32Array
  readonly smoothed: Uint16Array
  readonly smoothedAt: Uint32Array

  // Of each node: node * width + prefix.
  readonly installed: Int32Array
  readonly kernel: Int32Array
  readonly sourceRouter: Uint16Array
  readonly sourceSeqno: Uint16Array
  readonly sourceMetric: Uint16Array
  readonly sourceAt: Uint32Array

  /** The node behind each router id that was ever used. */
  readonly routers: { readonly node: number; readonly text: string }[] = []
  readonly calls = new Map<number, () => void>()
  #nextCall = 0
  /** Called when a kernel table changed. */
  onRoute: (node: number) => void = () => {}
  /** Called when a daemon lost or found the neighbour behind a slot. */
  onLink: (slot: number) => void = () => {}

  constructor(
    components: { wiring: Wiring; world: World; random: Random },
    profile: SimProfile,
    width: number,
  ) {
    this.wiring = components.wiring
    this.world = components.world
    this.random = components.random
    this.profile = profile
    this.width = width
    const nodes = this.wiring.nodeIds.length
    const slots = this.wiring.owner.length
    this.nodes = nodes
    this.slots = slots
    this.daemon = new Uint8Array(nodes)
    this.epoch = new Int32Array(nodes)
    this.routerId = new Uint16Array(nodes).fill(NOBODY)
    this.seqno = new Uint16Array(nodes)
    this.announced = Array.from({ length: nodes }, () => new Set<number>())
    this.answers = Array.from({ length: nodes }, () => new Set<number>())
    this.withdrawn = new Set()
    this.requests = Array.from({ length: nodes }, () => new Map())
    this.asked = Array.from({ length: nodes }, () => new Map())
    this.hastenedUntil = new Float64Array(nodes)
    this.otherSources = Array.from({ length: nodes }, () => new Map())
    this.version = new Int32Array(nodes)
    this.quietSender = new Int32Array(slots).fill(-1)
    this.quietReceiver = new Int32Array(slots).fill(-1)
    this.routed = new Uint8Array(slots).fill(1)
    this.seenUp = new Uint8Array(slots).fill(1)
    this.slotEpoch = new Int32Array(slots)
    this.rxcost = new Uint16Array(slots).fill(profile.rxcost)
    this.reach = new Uint16Array(slots)
    this.hellosFrom = new Float64Array(slots)
    this.helloSeen = new Uint8Array(slots)
    this.helloSeqno = new Uint16Array(slots)
    this.ihuAt = new Float64Array(slots)
    this.txcost = new Uint16Array(slots).fill(INFINITE)
    this.cost = new Uint16Array(slots).fill(INFINITE)
    this.sendSeqno = new Uint16Array(slots)
    this.flushAt = new Float64Array(slots).fill(Number.POSITIVE_INFINITY)
    this.lastFull = new Float64Array(slots).fill(Number.NEGATIVE_INFINITY)
    this.pendingAll = new Uint8Array(slots)
    this.pending = Array.from({ length: slots }, () => [])
    this.isPending = new Uint8Array(slots * width)
    const { first, owner } = this.wiring
    const start = (slot: number) => first[owner[slot] as number] as number
    const degree = (slot: number) => (first[(owner[slot] as number) + 1] as number) - start(slot)
    this.stride = Int32Array.from(owner.keys(), degree)
    this.rowBase = Int32Array.from(owner.keys(), (slot) => start(slot) * width + slot - start(slot))
    this.refmetric = new Uint16Array(slots * width).fill(INFINITE)
    this.routeSeqno = new Uint16Array(slots * width)
    this.routeRouter = new Uint16Array(slots * width).fill(NOBODY)
    this.routeAt = new Uint32Array(slots * width)
    this.smoothed = new Uint16Array(slots * width).fill(INFINITE)
    this.smoothedAt = new Uint32Array(slots * width)
    this.installed = new Int32Array(nodes * width).fill(NO_ROUTE)
    this.kernel = new Int32Array(nodes * width).fill(NO_ROUTE)
    this.sourceRouter = new Uint16Array(nodes * width).fill(NOBODY)
    this.sourceSeqno = new Uint16Array(nodes * width)
    this.sourceMetric = new Uint16Array(nodes * width)
    this.sourceAt = new Uint32Array(nodes * width)
  }

  /** babeld's way to keep daemons out of step: between three and five quarters of `ms`. */
  roughly(ms: number): number {
    return ms * (0.75 + 0.5 * this.random.next())
  }

  at(delayMs: number, kind: number, a: number, b: number): void {
    this.heap.push(this.now + delayMs, kind, a, b)
  }

  /** Runs `fn` at an event of its own; the function returned calls it off. */
  call(delayMs: number, fn: () => void): () => void {
    const id = this.#nextCall++
    this.calls.set(id, fn)
    this.at(delayMs, EVENT.call, id, 0)
    return () => this.calls.delete(id)
  }

  /** Notes that the tables of a node are not what they were. */
  touch(node: number): void {
    this.version[node] = ((this.version[node] as number) + 1) & 0x7fffffff
  }

  setKernel(node: number, prefix: number, entry: number): void {
    const at = node * this.width + prefix
    if (this.kernel[at] === entry) return
    this.kernel[at] = entry
    this.onRoute(node)
  }

  /** Whether the daemon of `node` originates `prefix`. */
  originates(node: number, prefix: number): boolean {
    return prefix === node ? !this.withdrawn.has(node) : (this.announced[node] as Set<number>).has(prefix)
  }

  newRouterId(node: number): number {
    const text = Array.from({ length: 8 }, () => this.random.int(256).toString(16).padStart(2, '0')).join(':')
    return this.routers.push({ node, text }) - 1
  }
}

/**
 * Where the route of a slot to a prefix stands in the tables: all routes of a node to one prefix are neighbours
 * there, since they are compared with each other all the time.
 */
export function routeIndex(state: MeshState, slot: number, prefix: number): number {
  return (state.rowBase[slot] as number) + prefix * (state.stride[slot] as number)
}
