import type { Socket } from 'node:dgram'
import type { Cancel, Clock } from '../../../../core/index.ts'
import { ackRequest, BABEL_GROUP, BABEL_PORT } from './babel-packet.ts'

const REQUEST = ackRequest()
/** Time between two rounds, longer where so many interfaces take part that the bound below would be passed. */
const ROUND_MS = 40
const PACKETS_PER_SECOND = 2500

/**
 * Makes the neighbours of nodes send what they keep back. babeld lets a message to one neighbour wait for up to
 * a quarter of the hello interval (1 s by default), in case there is more to send; a request for a sequence
 * number, on which a node without a feasible route depends, waits so at every hop. A neighbour that is asked for
 * an acknowledgement sends it, with all that waits, in time. Nothing else comes of it, on any daemon.
 */
export class Hastener {
  readonly #clock: Clock
  readonly #socketsOf: (node: string) => Promise<readonly Socket[]>
  readonly #until = new Map<string, number>()
  #cancel: Cancel | undefined
  /** Counts the runs: a round that waited while one was stopped says nothing any more. */
  #run = 0

  constructor(components: {
    readonly clock: Clock
    readonly socketsOf: (node: string) => Promise<readonly Socket[]>
  }) {
    this.#clock = components.clock
    this.#socketsOf = components.socketsOf
  }

  /** Begins, or goes on, for `forMs` from now. */
  hasten(nodes: readonly string[], forMs: number): void {
    const until = this.#clock.now() + forMs
    for (const node of nodes) this.#until.set(node, Math.max(until, this.#until.get(node) ?? 0))
    this.#cancel ??= this.#clock.after(0, () => void this.#round())
  }

  stop(): void {
    this.#run += 1
    this.#cancel?.()
    this.#cancel = undefined
    this.#until.clear()
  }

  async #round(): Promise<void> {
    const run = this.#run
    const now = this.#clock.now()
    for (const [node, until] of this.#until) if (until <= now) this.#until.delete(node)
    const sockets = (await Promise.all([...this.#until.keys()].map(this.#socketsOf))).flat()
    if (run !== this.#run) return
    for (const socket of sockets) ask(socket)
    if (this.#until.size === 0) {
      this.#cancel = undefined
      return
    }
    const pace = Math.max(ROUND_MS, (sockets.length * 1000) / PACKETS_PER_SECOND)
    this.#cancel = this.#clock.after(pace, () => void this.#round())
  }
}

/** An interface that is down, or gone, has no neighbour to ask. */
function ask(socket: Socket): void {
  try {
    socket.send(REQUEST, BABEL_PORT, BABEL_GROUP, () => undefined)
  } catch {
    // Closed between two rounds.
  }
}
