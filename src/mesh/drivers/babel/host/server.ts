import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { type Clock, fromUnknown, meshSwarmError } from '../../../../core/index.ts'
import type { GateAsk, NodeGate, Proof } from '../../../gate.ts'
import type { Inventory, InventoryNode } from '../inventory.ts'
import type { ChangeBook } from './change-book.ts'
import { DaemonWatch } from './daemon-watch.ts'
import type { Hastener } from './hastener.ts'
import { inspectNode } from './inspect.ts'
import { MessageStream } from './message-stream.ts'
import { type NodePlace, placeOf } from './node-place.ts'
import type { Prober } from './prober.ts'
import {
  type DaemonReport,
  type HostInspection,
  type HostReply,
  type HostRequest,
  RequestSchema,
  type Welcome,
} from './protocol.ts'

export interface HostParts {
  readonly clock: Clock
  readonly book: ChangeBook
  /** Asked before anything is changed. */
  readonly gate: NodeGate
  readonly prober: Prober
  readonly hastener: Hastener
}

/** Serves coordinators over the executor's socket: each request by itself, answers in any order. */
export class HostServer {
  readonly #parts: HostParts
  readonly #server: Server
  readonly #watch: DaemonWatch
  readonly #clients = new Set<MessageStream>()
  #nodes = new Map<string, InventoryNode>()
  #inventory = ''

  constructor(parts: HostParts) {
    this.#parts = parts
    this.#server = createServer((socket) => this.#welcome(socket))
    this.#watch = new DaemonWatch(parts.clock, (reports) => this.#broadcast({ event: 'daemons', reports }))
    parts.gate.onChange((state) => this.#broadcast({ event: 'gate', state }))
  }

  get clients(): number {
    return this.#clients.size
  }

  async listen(path: string): Promise<void> {
    rmSync(path, { force: true })
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(path, resolve)
    })
    chmodSync(path, 0o600)
  }

  close(): void {
    this.#server.close()
    this.#watch.stop()
    for (const client of this.#clients) client.close()
  }

  #welcome(socket: Socket): void {
    const underWay = new Map<number, AbortController>()
    const stream = new MessageStream(socket, {
      onMessage: (message) => void this.#answer(stream, message, underWay),
      onClose: () => {
        this.#clients.delete(stream)
        // What a client started and nobody waits for any more; a change that was begun is undone.
        for (const controller of underWay.values()) controller.abort()
        if (this.#clients.size === 0) this.#rest()
      },
    })
    this.#clients.add(stream)
  }

  /** Nobody is there: the sockets would keep namespaces alive that others want to remove. */
  #rest(): void {
    this.#watch.stop()
    this.#inventory = ''
    this.#parts.hastener.stop()
    void this.#parts.prober.close()
  }

  async #answer(
    stream: MessageStream,
    message: unknown,
    underWay: Map<number, AbortController>,
  ): Promise<void> {
    const parsed = RequestSchema.safeParse(message)
    if (!parsed.success) {
      const id = Number((message as { id?: unknown } | null)?.id ?? -1)
      const issue = parsed.error.issues[0]
      const text = `${issue?.path.join('.')}: ${issue?.message}`
      stream.send({ id, error: { code: 'INVALID_ACTION', message: text } } satisfies HostReply)
      return
    }
    const request = parsed.data
    if (request.op === 'cancel') {
      underWay.get(request.target)?.abort()
      return
    }
    const controller = new AbortController()
    underWay.set(request.id, controller)
    try {
      const result = await this.#do(request, controller.signal)
      stream.send({ id: request.id, result } satisfies HostReply)
    } catch (thrown) {
      const { code, message, details } = fromUnknown(thrown)
      stream.send({ id: request.id, error: { code, message, details } } satisfies HostReply)
    } finally {
      underWay.delete(request.id)
    }
  }

  async #do(request: Exclude<HostRequest, { op: 'cancel' }>, signal: AbortSignal): Promise<unknown> {
    const { book, gate, prober, hastener } = this.#parts
    switch (request.op) {
      case 'hello':
        return { reports: this.#take(request.inventory), gate: gate.state } satisfies Welcome
      case 'probe':
        return prober.probe(request.probes, signal)
      case 'apply': {
        const { action, change, confirmWithinMs, reason, plan } = request
        const place = this.#place(action.node)
        const ask = { operation: 'apply', action, change, confirmWithinMs, reason, plan } as const
        return this.#admitted(ask, request.proof, signal, (halt, lineage) =>
          book.apply(action, place, { id: change, confirmWithinMs, reason, lineage }, halt),
        )
      }
      case 'confirm':
      case 'rollback': {
        const { op: operation, change } = request
        const ask = { operation, change, action: book.actionOf(change) } as const
        return this.#admitted(ask, request.proof, signal, () => book[operation](change))
      }
      case 'changes':
        return book.changes()
      case 'inspect':
        return this.#inspect(request.node, signal)
      case 'hasten': {
        const { op: operation, nodes, forMs, proof } = request
        return this.#admitted({ operation, nodes, forMs }, proof, signal, async () =>
          hastener.hasten(nodes, forMs),
        )
      }
      case 'tell':
        return gate.tell(request.statement)
    }
  }

  /** The work, if the gate lets it through; its signal aborts with the request, and when everything is stopped. */
  async #admitted<T>(
    ask: GateAsk,
    proof: Proof | undefined,
    signal: AbortSignal,
    work: (signal: AbortSignal, lineage: readonly string[]) => Promise<T>,
  ): Promise<T> {
    const admission = await this.#parts.gate.admit(ask, proof, signal)
    try {
      return await work(AbortSignal.any([signal, admission.signal]), admission.lineage)
    } finally {
      admission.end()
    }
  }

  #take(inventory: Inventory): readonly DaemonReport[] {
    const text = JSON.stringify(inventory)
    if (text !== this.#inventory) {
      this.#inventory = text
      this.#nodes = new Map(inventory.nodes.map((node) => [node.id, node]))
      this.#parts.prober.setNodes(inventory.nodes)
      this.#watch.start(inventory.nodes)
    }
    return this.#watch.reports()
  }

  #inspect(id: string, signal: AbortSignal): Promise<HostInspection> {
    const place = this.#place(id)
    const address = this.#nodes.get(id)?.address
    return inspectNode(place, { address, daemon: this.#watch.look(id) }, signal)
  }

  #place(id: string): NodePlace {
    const node = this.#nodes.get(id)
    if (!node) throw meshSwarmError('NODE_NOT_FOUND', `No node ${id} is in the inventory.`)
    const place = placeOf(node)
    if (place) return place
    throw meshSwarmError('ACTION_UNSUPPORTED', `${id} has no executor here: it can only be watched.`)
  }

  #broadcast(message: HostReply): void {
    for (const client of this.#clients) client.send(message)
  }
}
