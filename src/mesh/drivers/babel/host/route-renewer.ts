import { spawn } from 'node:child_process'
import type { Socket } from 'node:dgram'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Clock, hasCode, meshSwarmError } from '../../../../core/index.ts'
import { type BabelNeighbour, parseLine } from '../parser.ts'
import { BabelSocket } from '../socket.ts'
import {
  type Announced,
  announcementRequest,
  BABEL_GROUP,
  BABEL_PORT,
  canonicalPrefix,
  readUpdates,
  seqnoRequest,
} from './babel-packet.ts'
import { inside, limiter, type Place } from './exec.ts'
import type { NodePlace } from './node-place.ts'

const CHILD = fileURLToPath(new URL('./babel-ask.mjs', import.meta.url))
/** A daemon answers such a request within some 40 ms; the rest is for the start of the child and for lost packets. */
const ANSWER_MS = 1500
/**
 * Neighbours are asked one after the other, so long apart, until one has answered: the first may be behind a dead link.
 * All at once, for many nodes, would keep this process from reading, and babeld closes a connection that nobody reads
 * for 100 ms.
 */
const STAGGER_MS = 250
const MOST_ASKED = 8

/** So few tables at a time are read as fast as they come. */
const bounded = limiter(4)

/** A socket that sends out of one interface of one node. */
export interface LinkSocket {
  readonly node: string
  readonly place: Place
  readonly iface: string
  /** Link-local, without a scope. */
  readonly address: string
  readonly socket: Socket
}

interface Self {
  readonly prefixes: ReadonlySet<string>
  /** Link-local addresses of the node, by interface. */
  readonly addresses: ReadonlyMap<string, string>
  readonly neighbours: readonly BabelNeighbour[]
}

/**
 * Makes the routes to a node feasible again everywhere. A daemon that has lost its route takes a longer one only
 * under a newer sequence number (RFC 8966, 3.8.2.1) and sends a request for it along the way to the node. babeld
 * passes a request on once; where that one is lost, in a link that has just died, the same request is kept back
 * for 65 s. Here every node asks at the same time, so that no way has to work from end to end, and the answer
 * comes back along the nodes that wait for it. Not even a lost packet comes of it.
 */
export class RouteRenewer {
  readonly #clock: Clock
  readonly #links: () => Promise<readonly LinkSocket[]>
  readonly #underWay = new Map<string, Promise<void>>()

  constructor(components: { readonly clock: Clock; readonly links: () => Promise<readonly LinkSocket[]> }) {
    this.#clock = components.clock
    this.#links = components.links
  }

  /**
   * Rejects with UNAVAILABLE where no neighbour of the node can be asked for its sequence number. Calls for a node whose
   * routes are being renewed join that renewal.
   */
  renew(place: NodePlace): Promise<void> {
    const key = place.socket
    const underWay = this.#underWay.get(key)
    if (underWay) return underWay
    const work = this.#renew(place).finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, work)
    return work
  }

  async #renew(place: NodePlace): Promise<void> {
    const [self, links] = await Promise.all([this.#look(place), this.#links()])
    const announced = await this.#announced(place, self, links)
    const wanted = announced.map(({ prefix, routerId, seqno }) => ({
      prefix,
      routerId,
      seqno: (seqno + 1) & 0xffff,
    }))
    const request = seqnoRequest(wanted)
    for (const { node, socket } of links) {
      if (node === place.node) continue
      try {
        socket.send(request, BABEL_PORT, BABEL_GROUP, () => undefined)
      } catch {
        // The interface is gone, and its neighbour with it.
      }
    }
  }

  /** Once more where the connection was closed: a daemon does that when this process was busy for 100 ms. */
  async #look(place: NodePlace): Promise<Self> {
    try {
      return await bounded(() => this.#dump(place))
    } catch (error) {
      if (!hasCode(error, 'DAEMON_UNAVAILABLE')) throw error
      return bounded(() => this.#dump(place))
    }
  }

  async #dump(place: NodePlace): Promise<Self> {
    const prefixes = new Set<string>()
    const addresses = new Map<string, string>()
    const neighbours: BabelNeighbour[] = []
    const onLine = (line: string) => {
      const parsed = parseLine(line)
      if (parsed.kind !== 'event') return
      const { object } = parsed
      if (object.type === 'xroute') prefixes.add(canonicalPrefix(object.prefix))
      else if (object.type === 'neighbour') neighbours.push(object)
      else if (object.type === 'interface' && object.ipv6) addresses.set(object.name, object.ipv6)
    }
    const connection = await BabelSocket.open(this.#clock, place.socket, { onLine })
    try {
      await connection.request('dump')
    } finally {
      connection.close()
    }
    return { prefixes, addresses, neighbours }
  }

  /** What the node announces of its own, as that neighbour hears it that answers first. */
  async #announced(
    place: NodePlace,
    self: Self,
    links: readonly LinkSocket[],
  ): Promise<readonly Announced[]> {
    const asks = self.neighbours.toSorted(nearestFirst).flatMap(({ address, iface }) => {
      const link = links.find((one) => one.address === address)
      const target = self.addresses.get(iface)
      return link && target !== undefined ? [{ link, target }] : []
    })
    const enough = new AbortController()
    const answers = asks.slice(0, MOST_ASKED).map(async ({ link, target }, index) => {
      await this.#clock.sleep(index * STAGGER_MS, enough.signal)
      return this.#ask(link, target, self.prefixes, enough.signal)
    })
    try {
      return await Promise.any(answers)
    } catch {
      throw meshSwarmError('UNAVAILABLE', `No neighbour of ${place.node} hears what it announces.`)
    } finally {
      enough.abort()
    }
  }

  /** Rejects with UNAVAILABLE where nothing is heard in time. */
  async #ask(
    { place, iface }: LinkSocket,
    target: string,
    prefixes: ReadonlySet<string>,
    enough: AbortSignal,
  ): Promise<readonly Announced[]> {
    const request = Buffer.from(announcementRequest([...prefixes])).toString('hex')
    const argv = [
      process.execPath,
      '--v8-pool-size=0',
      CHILD,
      iface,
      target,
      request,
      BABEL_GROUP,
      `${BABEL_PORT}`,
    ]
    const [file = '', ...args] = inside(place, argv)
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    enough.addEventListener('abort', () => child.kill('SIGKILL'), { once: true })
    const found = new Map<string, Announced>()
    const over = Promise.withResolvers<void>()
    child.once('error', () => over.resolve())
    child.once('close', () => over.resolve())
    createInterface({ input: child.stdout }).on('line', (line) => {
      for (const update of readUpdates(Buffer.from(line, 'hex'))) {
        // Only its own prefixes have no cost from itself.
        if (update.metric === 0 && prefixes.has(update.prefix)) found.set(update.prefix, update)
      }
      if (found.size === prefixes.size) over.resolve()
    })
    const cancel = this.#clock.after(ANSWER_MS, () => over.resolve())
    await over.promise
    cancel()
    child.kill('SIGKILL')
    if (found.size === 0) throw meshSwarmError('UNAVAILABLE', `${target} was not heard on ${iface}.`)
    return [...found.values()]
  }
}

/** Whose hellos arrive comes first (the newest is the highest bit of `reach`), then the better link. */
function nearestFirst(x: BabelNeighbour, y: BabelNeighbour): number {
  return y.reach - x.reach || x.cost - y.cost
}
