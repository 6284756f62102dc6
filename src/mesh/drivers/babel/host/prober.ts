import type { Socket } from 'node:dgram'
import { BinaryHeap, type Cancel, type Clock, cancelledError, fromUnknown } from '../../../../core/index.ts'
import type { InventoryNode } from '../inventory.ts'
import { ping } from './ping.ts'
import { addLinkSockets, closeSockets, type NodeSockets, openSockets } from './probe-sockets.ts'
import type { WireProbe, WireProbeResult } from './protocol.ts'
import type { LinkSocket } from './route-renewer.ts'
import type { ScopeIndexes } from './scope-indexes.ts'

const HEADER = 16
const UDP_HEADER = 8
/** Packets under way that can be told apart; at 3000 a second this is 20 s of them. */
const RING = 1 << 16
/** So many packets leave before arrivals are looked at, or their delay would be our own queue. */
const BURST = 24

interface Flight {
  readonly probe: WireProbe
  readonly sender: NodeSockets
  readonly port: number
  readonly padding: Buffer
  readonly startedAt: number
  readonly done: (result: WireProbeResult) => void
  readonly onSent: (error: Error | null) => void
  next: number
  sent: number
  received: number
  delay: number
  error: string | undefined
  over: boolean
}

/**
 * Sends UDP datagrams between the nodes of this machine, one way, and counts those that arrive. One timer for
 * all; a packet costs no promise and no JSON. IPv6 lets nobody but the sender fragment: a packet that is larger
 * than the MTU of the sender's own interface leaves in fragments, and counts as arrived when all of them do.
 */
export class Prober {
  readonly #clock: Clock
  readonly #scopes: ScopeIndexes
  readonly #nodes = new Map<string, InventoryNode>()
  readonly #sockets = new Map<string, Promise<NodeSockets>>()
  readonly #due = new BinaryHeap<{ at: number; flight: Flight }>((a, b) => a.at < b.at)
  readonly #flights: (Flight | undefined)[] = new Array<Flight | undefined>(RING).fill(undefined)
  readonly #sequence = new Uint32Array(RING)
  readonly #sentAt = new Float64Array(RING)
  readonly #nonce = Math.floor(Math.random() * 2 ** 32)
  readonly #paddings = new Map<number, Buffer>()
  readonly #adding = new Map<string, Promise<void>>()
  readonly #addedAt = new Map<string, number>()
  #counter = 0
  #cancelTimer: Cancel | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #immediate = false

  constructor({ clock, scopes }: { readonly clock: Clock; readonly scopes: ScopeIndexes }) {
    this.#clock = clock
    this.#scopes = scopes
  }

  /** Takes the nodes and begins to open their sockets; probes wait for the ones they need. */
  setNodes(nodes: readonly InventoryNode[]): void {
    this.#nodes.clear()
    for (const node of nodes) {
      this.#nodes.set(node.id, node)
      if (node.socket !== undefined) this.#socketsOf(node).catch(() => undefined)
    }
  }

  /** Results in the order of the probes. Rejects with CANCELLED on abort; nothing of the rest is sent then. */
  async probe(probes: readonly WireProbe[], signal: AbortSignal): Promise<readonly WireProbeResult[]> {
    const flights: Flight[] = []
    const work = Promise.all(probes.map((probe) => this.#one(probe, flights, signal)))
    const aborted = Promise.withResolvers<never>()
    const onAbort = () => {
      for (const flight of flights) this.#finish(flight)
      aborted.reject(cancelledError(signal, 'The probe'))
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await Promise.race([work, aborted.promise])
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** The open sockets of a node, one for each interface; none of a node that is not managed or not ready. */
  async linkSockets(id: string): Promise<readonly Socket[]> {
    const sockets = await this.#sockets.get(id)?.catch(() => undefined)
    return sockets ? [...sockets.links.values()] : []
  }

  /** The same of all nodes, with what they are bound to. */
  async allLinkSockets(): Promise<readonly LinkSocket[]> {
    const opened = await Promise.allSettled(
      [...this.#sockets].map(async ([id, sockets]) => ({ id, links: (await sockets).links })),
    )
    return opened.flatMap((result) => {
      const place = result.status === 'fulfilled' ? this.#nodes.get(result.value.id) : undefined
      if (result.status === 'rejected' || !place) return []
      return [...result.value.links].map(([iface, socket]) => {
        const [address = ''] = socket.address().address.split('%')
        return { node: place.id, place, iface, address, socket }
      })
    })
  }

  /** Closes every socket, so that no namespace is held by them. The prober can be used again. */
  async close(): Promise<void> {
    this.#cancelTimer?.()
    this.#timerAt = Number.POSITIVE_INFINITY
    const opened = [...this.#sockets.values()]
    this.#sockets.clear()
    for (const result of await Promise.allSettled(opened)) {
      if (result.status === 'fulfilled') closeSockets(result.value)
    }
  }

  async #one(probe: WireProbe, flights: Flight[], signal: AbortSignal): Promise<WireProbeResult> {
    const [from, to] = [this.#nodes.get(probe.from), this.#nodes.get(probe.to)]
    try {
      if (from?.socket === undefined) return failed(`${probe.from} is not managed from here`)
      if (to?.socket === undefined) return await ping(from, probe, signal)
      const [sender, receiver] = await Promise.all([this.#socketsFor(from, probe.iface), this.#socketsOf(to)])
      if (probe.iface !== undefined && !sender.links.has(probe.iface)) {
        return failed(`${probe.from}/${probe.iface} has no link-local address: is it down?`)
      }
      return await new Promise((done) => flights.push(this.#launch(probe, sender, receiver.port, done)))
    } catch (error) {
      return failed(fromUnknown(error).message)
    }
  }

  #launch(
    probe: WireProbe,
    sender: NodeSockets,
    port: number,
    done: (result: WireProbeResult) => void,
  ): Flight {
    const now = performance.now()
    const onSent = (error: Error | null) => {
      if (!error) return
      flight.sent--
      const { code } = error as NodeJS.ErrnoException
      flight.error = `cannot send: ${code ?? error.message}`
      // The interface was made anew, or lost its address: the socket is of no more use.
      if (probe.iface !== undefined && (code === 'ENODEV' || code === 'EADDRNOTAVAIL' || code === 'ENXIO')) {
        sender.links.get(probe.iface)?.close()
        sender.links.delete(probe.iface)
      }
    }
    const flight: Flight = {
      ...{ probe, sender, port, done, onSent, padding: this.#padding(probe.bytes) },
      ...{ startedAt: now, next: 0, sent: 0, received: 0, delay: 0, error: undefined, over: false },
    }
    this.#schedule(now, flight)
    return flight
  }

  #schedule(at: number, flight: Flight): void {
    this.#due.push({ at, flight })
    if (at < this.#timerAt && !this.#immediate) this.#setTimer(at)
  }

  #setTimer(at: number): void {
    this.#cancelTimer?.()
    this.#timerAt = at
    this.#cancelTimer = this.#clock.after(Math.max(0, at - performance.now()), () => this.#turn())
  }

  /** Sends what is due, a burst at most, and sets the timer for the next. */
  #turn(): void {
    this.#timerAt = Number.POSITIVE_INFINITY
    this.#immediate = false
    const overdue: Flight[] = []
    const now = performance.now() + 0.5
    for (let burst = 0; burst < BURST; ) {
      const head = this.#due.peek()
      if (!head || head.at > now) break
      this.#due.pop()
      const { flight } = head
      if (flight.over) continue
      if (flight.next >= flight.probe.count) overdue.push(flight)
      else {
        this.#send(flight)
        burst++
      }
    }
    // Where this process was late, arrivals wait in its sockets: they are read before anything is held to be lost.
    if (overdue.length > 0) {
      setImmediate(() => {
        for (const flight of overdue) this.#finish(flight)
      })
    }
    const head = this.#due.peek()
    if (!head) return
    if (head.at <= now) {
      this.#immediate = true
      setImmediate(() => this.#turn())
    } else this.#setTimer(head.at)
  }

  #send(flight: Flight): void {
    const { probe, sender } = flight
    const sequence = ++this.#counter >>> 0
    const slot = sequence & (RING - 1)
    const packet = Buffer.allocUnsafe(HEADER)
    packet.writeUInt32LE(this.#nonce, 0)
    packet.writeUInt32LE(sequence, 4)
    packet.fill(0, 8)
    const socket = (probe.iface === undefined ? undefined : sender.links.get(probe.iface)) ?? sender.main
    this.#flights[slot] = flight
    this.#sequence[slot] = sequence
    flight.sent++
    flight.next++
    const now = performance.now()
    this.#sentAt[slot] = now
    try {
      socket.send([packet, flight.padding], flight.port, probe.address, flight.onSent)
    } catch (error) {
      flight.onSent(error as Error)
    }
    const last = flight.next >= probe.count
    this.#schedule(last ? now + probe.timeoutMs : flight.startedAt + flight.next * probe.intervalMs, flight)
  }

  readonly #arrived = (node: string, message: Buffer): void => {
    if (message.length < HEADER || message.readUInt32LE(0) !== this.#nonce) return
    const sequence = message.readUInt32LE(4)
    const slot = sequence & (RING - 1)
    const flight = this.#flights[slot]
    if (!flight || this.#sequence[slot] !== sequence || flight.over) return
    this.#flights[slot] = undefined
    const delay = performance.now() - (this.#sentAt[slot] ?? 0)
    if (node !== flight.probe.to) {
      flight.error = `arrived at ${node}`
      return
    }
    flight.received++
    flight.delay += delay
    if (flight.received === flight.probe.count) this.#finish(flight)
  }

  #finish(flight: Flight): void {
    if (flight.over) return
    flight.over = true
    const { sent, received, error } = flight
    const delay = received > 0 ? { delayMs: flight.delay / received } : {}
    flight.done({ sent, received, ...delay, ...(error === undefined ? {} : { error }) })
  }

  #socketsOf(node: InventoryNode): Promise<NodeSockets> {
    const existing = this.#sockets.get(node.id)
    if (existing) return existing
    const opening = this.#open(node)
    this.#sockets.set(node.id, opening)
    opening.catch(() => this.#sockets.delete(node.id))
    return opening
  }

  async #open(node: InventoryNode): Promise<NodeSockets> {
    const sockets = await openSockets(node, (message) => this.#arrived(node.id, message))
    await this.#scopes.ensure(sockets.indexes)
    return sockets
  }

  /** Asks again, once a second at most, where an interface came up after the sockets were made. */
  async #socketsFor(node: InventoryNode, iface: string | undefined): Promise<NodeSockets> {
    const sockets = await this.#socketsOf(node)
    if (iface === undefined || sockets.links.has(iface)) return sockets
    const underWay = this.#adding.get(node.id)
    if (underWay) await underWay
    else if (this.#clock.now() - (this.#addedAt.get(node.id) ?? 0) >= 1000) {
      this.#addedAt.set(node.id, this.#clock.now())
      const adding = addLinkSockets(node, sockets)
        .then(() => this.#scopes.ensure(sockets.indexes))
        .finally(() => this.#adding.delete(node.id))
      this.#adding.set(node.id, adding)
      await adding
    }
    return sockets
  }

  #padding(bytes: number): Buffer {
    const size = Math.max(0, bytes - UDP_HEADER - HEADER)
    const padding = this.#paddings.get(size) ?? Buffer.alloc(size)
    this.#paddings.set(size, padding)
    return padding
  }
}

function failed(error: string): WireProbeResult {
  return { sent: 0, received: 0, error }
}
