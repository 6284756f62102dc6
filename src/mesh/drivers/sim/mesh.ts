import { meshSwarmError, type NodeId, type Random } from '../../../core/index.ts'
import type { AppliedChange, MeshChange } from '../../driver.ts'
import { converge } from './converge.ts'
import {
  addInterface,
  dropInterface,
  handleEvent,
  interfaceChanged,
  killDaemon,
  resumeDaemon,
  shutDaemon,
  startDaemon,
  suspendDaemon,
} from './daemon.ts'
import { ChangeFeed } from './feed.ts'
import { isLoopFree, PathMtus, walkPacket } from './packet.ts'
import { PROFILES, type ProfileName, type SimProfile } from './profile.ts'
import { askEverywhere } from './request.ts'
import { originationChanged } from './selection.ts'
import { DEAD, MeshState, RUNNING } from './state.ts'
import { type SimTopology, type Wiring, wire } from './topology.ts'
import { World } from './world.ts'

export interface SimMeshOptions {
  readonly topology: SimTopology
  readonly profile?: ProfileName | SimProfile
  /** Clock time at which the simulation begins, in ms. 0 unless told. */
  readonly startAt?: number
  /** Whether the mesh begins where the protocol ends up after a long quiet time. Unless told, it begins cold. */
  readonly converged?: boolean
  /** Whether all daemons are left to be started, by `converge` or one by one. */
  readonly asleep?: boolean
  /** Prefixes beside those of the topology that may be announced later. */
  readonly sparePrefixes?: number
  readonly label?: string
}

/** A change on a node's books, with what calls its rollback off. */
export interface BookEntry {
  change: AppliedChange
  cancelTimer: () => void
  undo: () => void
}

/**
 * A mesh in virtual time: the physical world, a routing daemon on every node that follows RFC 8966, and the
 * kernels' forwarding tables. It moves only in `advanceTo`, and repeats exactly from a seed. Every time in and
 * out is in ms of the clock that `startAt` belongs to.
 */
export class SimMesh {
  readonly topology: SimTopology
  readonly world: World
  readonly wiring: Wiring
  readonly label: string
  /** The tables inside, for measuring and for tests: no driver shows what a real mesh would not. */
  readonly state: MeshState
  /** What executors on the nodes have changed: it outlives the drivers that asked for it. */
  readonly books = new Map<string, BookEntry>()
  readonly #mtus = new PathMtus()
  readonly #startAt: number
  readonly #prefixes: string[]
  readonly #prefixOf = new Map<string, number>()
  readonly #feed: ChangeFeed
  /** What each node is configured to announce. */
  readonly #wanted: Set<number>[] = []

  constructor(components: { readonly random: Random }, options: SimMeshOptions) {
    const { random } = components
    this.topology = options.topology
    this.label = options.label ?? 'simulated mesh'
    this.#startAt = options.startAt ?? 0
    this.wiring = wire(options.topology)
    const delays = options.topology.links.map((link) => link.delayMs ?? 1)
    const worldParts = { random: random.fork('world'), wiring: this.wiring }
    this.world = new World(worldParts, (link) => delays[link] ?? 1)
    const profile = options.profile ?? 'default'
    this.#prefixes = options.topology.nodes.map((node, index) => `${node.address ?? addressOf(index)}/128`)
    for (const [index, prefix] of this.#prefixes.entries()) this.#prefixOf.set(prefix, index)
    const extra = new Set(options.topology.nodes.flatMap((node) => node.prefixes ?? []))
    const width = this.#prefixes.length + extra.size + (options.sparePrefixes ?? 8)
    const parts = { wiring: this.wiring, world: this.world, random: random.fork('protocol') }
    this.state = new MeshState(parts, typeof profile === 'string' ? PROFILES[profile] : profile, width)
    for (let node = 0; node < this.state.nodes; node++) this.#readConfiguration(node)
    this.#feed = new ChangeFeed(this.state, () => this.now())
    this.world.onInterface = (slot) => {
      interfaceChanged(this.state, slot)
      this.#feed.interface(slot)
    }
    if (options.converged) this.converge()
    else if (!options.asleep) this.#startSoon()
  }

  now(): number {
    return this.#startAt + this.state.now
  }

  nextEventAt(): number {
    return this.#startAt + this.state.heap.peekAt()
  }

  /** Runs up to and including `t`. Ends early, and returns that time, after an event that a watcher sees. */
  advanceTo(t: number): number | undefined {
    const { state } = this
    // Compared as `nextEventAt` tells it: the sum is rounded, and what it calls due has to be done.
    while (this.nextEventAt() <= t) {
      state.heap.pop()
      state.now = state.heap.at
      handleEvent(state)
      if (this.#feed.takeSeen()) return this.now()
    }
    state.now = Math.max(state.now, t - this.#startAt)
    return undefined
  }

  /**
   * Jumps to the state after a long quiet time, in which the daemons of `dead` never ran. Only before the first
   * `advanceTo`; throws CONFLICT later.
   */
  converge(dead: ReadonlySet<number> = new Set()): void {
    const { state } = this
    if (state.now > 0) throw meshSwarmError('CONFLICT', 'A mesh that has run cannot be set to converged.')
    for (let node = 0; node < state.nodes; node++) state.daemon[node] = dead.has(node) ? DEAD : RUNNING
    converge(state)
  }

  node(id: NodeId | string): number {
    const index = this.wiring.nodeOf.get(id)
    if (index === undefined) throw meshSwarmError('NODE_NOT_FOUND', `There is no node ${id}.`)
    return index
  }

  /** The slot of an interface. Throws NODE_NOT_FOUND or INVALID_ACTION. */
  slot(node: NodeId | string, iface: string): number {
    const index = this.node(node)
    const last = this.wiring.first[index + 1] as number
    for (let slot = this.wiring.first[index] as number; slot < last; slot++) {
      if (this.wiring.ifaces[slot] === iface) return slot
    }
    throw meshSwarmError('INVALID_ACTION', `The node ${node} has no interface ${iface}.`)
  }

  /** The slots of a link: side a, side b. Throws LINK_NOT_FOUND. */
  linkSlots(id: string): [number, number] {
    const link = this.wiring.linkOf.get(id)
    if (link === undefined) throw meshSwarmError('LINK_NOT_FOUND', `There is no link ${id}.`)
    return [this.wiring.sides[link * 2] as number, this.wiring.sides[link * 2 + 1] as number]
  }

  address(node: number): string {
    return (this.#prefixes[node] as string).slice(0, -4)
  }

  prefix(index: number): string {
    return this.#prefixes[index] as string
  }

  /** Every prefix that a node is configured to announce; its daemon follows within seconds. */
  prefixesOf(node: number): string[] {
    return [...(this.#wanted[node] as Set<number>)].map((index) => this.prefix(index))
  }

  /** Prefixes beside its own address whose packets a node takes for itself. */
  addressesOf(node: number): string[] {
    return [...(this.state.answers[node] as Set<number>)].map((index) => this.prefix(index))
  }

  /** Makes a node take packets for a prefix as its own, or no longer. */
  setAnswers(node: number, prefix: string, answers: boolean): void {
    const index = this.#prefixIndex(prefix)
    if (answers) this.state.answers[node]?.add(index)
    else this.state.answers[node]?.delete(index)
  }

  /** Sends one packet now: its delay in ms, -1 where it is lost. */
  send(from: number, to: number, bytes: number, trail?: number[]): number {
    return walkPacket(this.state, this.#mtus, from, to, bytes, trail)
  }

  /** Whether no packet for any node can go in a circle now. */
  isLoopFree(): boolean {
    for (let to = 0; to < this.state.nodes; to++) if (!isLoopFree(this.state, to)) return false
    return true
  }

  killDaemon(node: number): void {
    killDaemon(this.state, node)
    this.#feed.daemon(node, 'dead')
  }

  suspendDaemon(node: number): void {
    suspendDaemon(this.state, node)
    this.#feed.daemon(node, 'stopped')
  }

  resumeDaemon(node: number): void {
    resumeDaemon(this.state, node)
    this.#feed.daemon(node, 'running')
  }

  /**
   * Ends the daemon in order where it runs, and starts a new one with a new router id. What was set at run time
   * (costs, dropped interfaces) is what the configuration says again, but for `rxcost` where given.
   */
  restartDaemon(node: number, rxcost?: number): void {
    if (this.state.daemon[node] === 1) shutDaemon(this.state, node)
    this.#readConfiguration(node)
    const { first } = this.wiring
    if (rxcost !== undefined) this.state.rxcost.fill(rxcost, first[node], first[node + 1])
    startDaemon(this.state, node)
    this.#feed.daemon(node, 'running')
  }

  dropInterface(slot: number): void {
    dropInterface(this.state, slot)
  }

  addInterface(slot: number, rxcost: number): void {
    addInterface(this.state, slot, rxcost)
  }

  /** For `forMs`, what the neighbours of these nodes have to say to them does not wait for company. */
  hasten(nodes: readonly NodeId[], forMs: number): void {
    const until = this.state.now + forMs
    for (const id of nodes) {
      const node = this.wiring.nodeOf.get(id)
      if (node === undefined) continue
      this.state.hastenedUntil[node] = Math.max(until, this.state.hastenedUntil[node] as number)
    }
  }

  /** Every other node asks its neighbours for a newer sequence number of this one. */
  renewRoutes(node: number): void {
    askEverywhere(this.state, node)
  }

  /** Starts to announce a prefix, whoever it belongs to. Throws INVALID_ACTION where there is no room for it. */
  announce(node: number, prefix: string): void {
    this.#wanted[node]?.add(this.#prefixIndex(prefix))
    this.#redistributeSoon(node, this.#prefixIndex(prefix))
  }

  /** Stops announcing a prefix; one that the node does not announce is left alone. */
  withdraw(node: number, prefix: string): void {
    this.#wanted[node]?.delete(this.#prefixIndex(prefix))
    this.#redistributeSoon(node, this.#prefixIndex(prefix))
  }

  /** Runs `fn` on the mesh itself after `delayMs`, whoever drives it; the function returned calls it off. */
  after(delayMs: number, fn: () => void): () => void {
    return this.state.call(delayMs, fn)
  }

  /** Calls `listener` at every change that a daemon would tell of; the function returned ends it. */
  listen(listener: (change: MeshChange) => void): () => void {
    return this.#feed.listen(listener)
  }

  #readConfiguration(node: number): void {
    const { state, topology, wiring } = this
    const extra = (topology.nodes[node]?.prefixes ?? []).map((prefix) => this.#prefixIndex(prefix))
    // Addresses are the kernel's: they outlive the daemon, and the next one finds them.
    const wanted = this.#wanted[node] ?? new Set([node, ...extra])
    this.#wanted[node] = wanted
    state.announced[node] = new Set([...wanted].filter((index) => index !== node))
    if (wanted.has(node)) state.withdrawn.delete(node)
    else state.withdrawn.add(node)
    const last = wiring.first[node + 1] as number
    for (let slot = wiring.first[node] as number; slot < last; slot++) {
      state.routed[slot] = 1
      state.rxcost[slot] = topology.links[wiring.link[slot] as number]?.rxcost ?? state.profile.rxcost
    }
  }

  /** A daemon looks at the kernel's addresses and routes some seconds after they changed. */
  #redistributeSoon(node: number, index: number): void {
    const { state } = this
    state.call(state.roughly(NOTICE_MS), () => {
      const isWanted = this.#wanted[node]?.has(index) ?? false
      if (isWanted === state.originates(node, index)) return
      if (index !== node && isWanted) state.announced[node]?.add(index)
      else if (index !== node) state.announced[node]?.delete(index)
      else if (isWanted) state.withdrawn.delete(node)
      else state.withdrawn.add(node)
      if (state.daemon[node] === RUNNING) originationChanged(state, node, index)
      if (isWanted && index < state.nodes && index !== node) this.#feed.foreignOrigin(node, index)
    })
  }

  #prefixIndex(prefix: string): number {
    const index = this.#prefixOf.get(prefix)
    if (index !== undefined) return index
    if (this.#prefixes.length >= this.state.width) {
      throw meshSwarmError('INVALID_ACTION', `No room for the prefix ${prefix}: raise sparePrefixes.`)
    }
    this.#prefixOf.set(prefix, this.#prefixes.length)
    return this.#prefixes.push(prefix) - 1
  }

  /** Every daemon at a moment of its own in the first second. */
  #startSoon(): void {
    const { state } = this
    for (let node = 0; node < state.nodes; node++) {
      state.call(state.random.next() * 1000, () => startDaemon(state, node))
    }
  }
}

/** How long a change of addresses waits to be noticed by babeld, on average. */
const NOTICE_MS = 2500

/** One of fd00:6d:73::/48 for each node that brings no address. */
function addressOf(index: number): string {
  return `fd00:6d:73::${(index + 1).toString(16)}`
}
