import {
  type ChangeId,
  Channel,
  type Clock,
  meshSwarmError,
  type NodeId,
  throwIfCancelled,
} from '../../../core/index.ts'
import type { ActionKind, MeshAction } from '../../action.ts'
import type {
  AppliedChange,
  ApplyOptions,
  MeshChange,
  MeshDriver,
  NodeFacts,
  ProbeRequest,
  ProbeResult,
} from '../../driver.ts'
import type { GateAsk, GateState, NodeGate, Prover } from '../../gate.ts'
import type { MeshSnapshot } from '../../model.ts'
import { buildSnapshot } from '../../topology/index.ts'
import { SimExecutor } from './executor.ts'
import { linkSpec, nodeFacts, nodeSpec } from './facts.ts'
import type { SimMesh } from './mesh.ts'
import { runProbe } from './probe.ts'
import { routeView } from './routes.ts'

const KINDS: readonly ActionKind[] = [
  'restart-daemon',
  'resume-daemon',
  'renew-routes',
  'set-link-cost',
  'drop-interface',
  'add-interface',
  'set-interface-up',
  'set-interface-mtu',
  'set-forwarding',
  'withdraw-prefix',
  'announce-prefix',
]

export interface SimDriverComponents {
  readonly mesh: SimMesh
  readonly clock: Clock
  /** That of every node. Without one the simulated nodes do what anybody wants. */
  readonly gate?: NodeGate
}

export interface SimDriverOptions {
  readonly name?: string
  /** Changes that a slow watcher may leave waiting before the oldest are dropped. 10000 unless told. */
  readonly watchCapacity?: number
}

/**
 * The simulated mesh behind the interface of a real one: it tells what daemons and executors would tell, never
 * what the world is really like. On a `VirtualClock`, attach the mesh to it; on any other clock the mesh is
 * brought up to date at each call. Changes stay on the mesh's own books, so that they outlive the driver.
 */
export class SimDriver implements MeshDriver {
  readonly name: string
  readonly source = 'simulated'
  readonly #mesh: SimMesh
  readonly #clock: Clock
  readonly #executor: SimExecutor
  readonly #gate: NodeGate | undefined
  readonly #capacity: number
  readonly #closing = new AbortController()
  readonly #watchers = new Set<Channel<MeshChange>>()

  constructor(components: SimDriverComponents, options: SimDriverOptions = {}) {
    this.#mesh = components.mesh
    this.#clock = components.clock
    this.#gate = components.gate
    this.#executor = new SimExecutor(components.mesh)
    this.name = options.name ?? components.mesh.label
    this.#capacity = options.watchCapacity ?? 10_000
  }

  capabilities(): ReadonlySet<ActionKind> {
    return new Set(KINDS)
  }

  async snapshot(signal: AbortSignal): Promise<MeshSnapshot> {
    this.#begin(signal)
    const mesh = this.#mesh
    return buildSnapshot({
      takenAt: mesh.now(),
      source: 'simulated',
      label: mesh.label,
      nodes: mesh.wiring.nodeIds.map((_, index) => nodeSpec(mesh, index)),
      links: mesh.wiring.linkIds.map((_, index) => linkSpec(mesh, index)),
      routes: routeView(mesh),
    })
  }

  /** Changes from the call on, the wait for the first one included. */
  watch(signal: AbortSignal): AsyncIterable<MeshChange> {
    this.#checkOpen()
    const channel = new Channel<MeshChange>({
      capacity: this.#capacity,
      overflow: 'drop-oldest',
      onEnd: () => {
        stop()
        signal.removeEventListener('abort', end)
        this.#watchers.delete(channel)
      },
    })
    const stop = this.#mesh.listen((change) => channel.push(change))
    const end = () => channel.close()
    this.#watchers.add(channel)
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
    return channel
  }

  async probe(requests: readonly ProbeRequest[], signal: AbortSignal): Promise<readonly ProbeResult[]> {
    this.#begin(signal)
    const both = AbortSignal.any([signal, this.#closing.signal])
    const components = { mesh: this.#mesh, clock: this.#clock, sync: () => this.#sync() }
    return Promise.all(requests.map((request) => runProbe(components, request, both)))
  }

  async inspect(node: NodeId, signal: AbortSignal): Promise<NodeFacts> {
    this.#begin(signal)
    return nodeFacts(this.#mesh, this.#mesh.node(node))
  }

  async hasten(nodes: readonly NodeId[], forMs: number, signal: AbortSignal, prover?: Prover): Promise<void> {
    this.#begin(signal)
    if (nodes.length === 0) return
    await this.#admitted({ operation: 'hasten', nodes, forMs }, prover, signal, () =>
      this.#mesh.hasten(nodes, forMs),
    )
  }

  async apply(
    action: MeshAction,
    options: ApplyOptions,
    signal: AbortSignal,
    prover?: Prover,
  ): Promise<AppliedChange> {
    this.#begin(signal)
    if (!KINDS.includes(action.kind)) {
      throw meshSwarmError('ACTION_UNSUPPORTED', `This mesh cannot ${String(action.kind)}.`)
    }
    const { id: change, confirmWithinMs, reason, plan } = options
    const ask = { operation: 'apply', action, change, confirmWithinMs, reason, plan } as const
    return this.#admitted(ask, prover, signal, () => this.#executor.apply(action, options))
  }

  async confirm(id: ChangeId, signal: AbortSignal, prover?: Prover): Promise<AppliedChange> {
    this.#begin(signal)
    const ask = { operation: 'confirm', change: id, action: this.#executor.actionOf(id) } as const
    return this.#admitted(ask, prover, signal, () => this.#executor.confirm(id))
  }

  async rollback(id: ChangeId, signal: AbortSignal, prover?: Prover): Promise<AppliedChange> {
    this.#begin(signal)
    const ask = { operation: 'rollback', change: id, action: this.#executor.actionOf(id) } as const
    return this.#admitted(ask, prover, signal, () => this.#executor.rollback(id))
  }

  async gate(signal: AbortSignal): Promise<GateState | undefined> {
    this.#begin(signal)
    return this.#gate?.state
  }

  async tell(statement: unknown, signal: AbortSignal): Promise<void> {
    this.#begin(signal)
    await this.#gate?.tell(statement)
  }

  async changes(signal: AbortSignal): Promise<readonly AppliedChange[]> {
    this.#begin(signal)
    return [...this.#mesh.books.values()].map((entry) => entry.change)
  }

  /** Ends watches and running probes. What was applied stays, and its timers run on. A second call is a no-op. */
  async close(): Promise<void> {
    this.#closing.abort(meshSwarmError('CANCELLED', `The driver of ${this.name} was closed.`))
    for (const channel of [...this.#watchers]) channel.close()
  }

  #begin(signal: AbortSignal): void {
    throwIfCancelled(signal, `The call to ${this.name}`)
    this.#checkOpen()
    this.#sync()
  }

  async #admitted<T>(
    ask: GateAsk,
    prover: Prover | undefined,
    signal: AbortSignal,
    work: () => T,
  ): Promise<T> {
    const gate = this.#gate
    if (!gate) return work()
    const admission = await gate.admit(ask, await prover?.(gate.state, signal), signal)
    try {
      this.#begin(signal)
      return work()
    } finally {
      admission.end()
    }
  }

  #checkOpen(): void {
    if (this.#closing.signal.aborted)
      throw meshSwarmError('UNAVAILABLE', `The driver of ${this.name} is closed.`)
  }

  /** Brings a mesh that no virtual clock drives up to now. */
  #sync(): void {
    const now = this.#clock.now()
    while (this.#mesh.now() < now) this.#mesh.advanceTo(now)
  }
}
