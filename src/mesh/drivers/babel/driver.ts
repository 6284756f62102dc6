import {
  type ChangeId,
  Channel,
  type Clock,
  meshSwarmError,
  type NodeId,
  nodeId,
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
import type { GateState, Prover } from '../../gate.ts'
import type { MeshSnapshot } from '../../model.ts'
import { capabilitiesOf } from './capabilities.ts'
import { ExecutorClient, type ExecutorProgram } from './executor-client.ts'
import { executorDirectory, meshKey } from './executor-place.ts'
import { limiter } from './host/exec.ts'
import type { HostInspection } from './host/protocol.ts'
import { type Inventory, parseInventory, readInventory } from './inventory.ts'
import { LiveModel } from './live-model.ts'
import { BabelMonitor } from './monitor.ts'
import { nodeFacts, unknownFacts } from './node-facts.ts'
import type { NodeState } from './node-state.ts'
import { probeOverExecutor } from './probe.ts'

export interface BabelDriverComponents {
  readonly clock: Clock
  /** What is started as the executor of the nodes. */
  readonly executor: ExecutorProgram
}

export interface BabelDriverOptions {
  /** The inventory, or the path of its file. */
  readonly inventory: Inventory | string
  /** Where the executor keeps its books; by default the same place for the same nodes. */
  readonly stateDir?: string
  /** What snapshots are labelled with; by default the path of the inventory. */
  readonly label?: string
}

/** How long `open` waits for daemons that do not answer; they are in the snapshot all the same. */
const FIRST_TABLES_MS = 3000

/** A mesh of babeld daemons on this machine: watched through their sockets, changed through the executor. */
export class BabelDriver implements MeshDriver {
  readonly name = 'babel'
  readonly source = 'measured'
  readonly #clock: Clock
  readonly #model: LiveModel
  readonly #executor: ExecutorClient
  readonly #capabilities: ReadonlySet<ActionKind>
  readonly #monitors = new Map<NodeId, BabelMonitor>()
  readonly #watchers = new Set<Channel<MeshChange>>()
  #closed: Promise<void> | undefined

  private constructor(
    { clock, executor }: BabelDriverComponents,
    inventory: Inventory,
    options: BabelDriverOptions,
  ) {
    this.#clock = clock
    this.#capabilities = capabilitiesOf(inventory)
    const label = options.label ?? (typeof options.inventory === 'string' ? options.inventory : undefined)
    this.#model = new LiveModel(clock, inventory, label, (change) => {
      for (const watcher of this.#watchers) watcher.push(change)
    })
    this.#executor = new ExecutorClient(clock, {
      program: executor,
      stateDir: options.stateDir ?? executorDirectory(meshKey(inventory)),
      inventory,
      onDaemons: (reports) => {
        for (const { node, state } of reports) {
          this.#model.process(nodeId(node), state)
          if (state === 'running') this.#monitors.get(nodeId(node))?.retryNow()
        }
      },
    })
  }

  /**
   * Reads the inventory, starts (or takes up with) the executor and the monitor streams, and waits until every
   * daemon has told its table or has been found silent. Rejects with INVALID_CONFIGURATION, or with UNAVAILABLE
   * where no executor can be started; an abort leaves nothing behind.
   */
  static async open(
    components: BabelDriverComponents,
    options: BabelDriverOptions,
    signal: AbortSignal,
  ): Promise<BabelDriver> {
    const given = options.inventory
    const inventory =
      typeof given === 'string' ? await readInventory(given, signal) : parseInventory(given, 'inventory')
    const driver = new BabelDriver(components, inventory, options)
    try {
      await Promise.all([driver.#executor.open(signal), driver.#startMonitors(signal)])
      throwIfCancelled(signal, 'Opening the driver')
      return driver
    } catch (error) {
      await driver.close()
      throw error
    }
  }

  capabilities(): ReadonlySet<ActionKind> {
    return this.#capabilities
  }

  async snapshot(signal: AbortSignal): Promise<MeshSnapshot> {
    this.#check(signal)
    return this.#model.snapshot()
  }

  watch(signal: AbortSignal): AsyncIterable<MeshChange> {
    if (this.#closed) throw closedError()
    const channel: Channel<MeshChange> = new Channel({
      capacity: 10_000,
      overflow: 'drop-oldest',
      onEnd: () => {
        this.#watchers.delete(channel)
        signal.removeEventListener('abort', end)
      },
    })
    const end = () => channel.close()
    this.#watchers.add(channel)
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
    return channel
  }

  async probe(requests: readonly ProbeRequest[], signal: AbortSignal): Promise<readonly ProbeResult[]> {
    this.#check(signal)
    return probeOverExecutor(this.#clock, this.#model, this.#executor, requests, signal)
  }

  async inspect(node: NodeId, signal: AbortSignal): Promise<NodeFacts> {
    this.#check(signal)
    if (this.#model.isStranger(node)) return unknownFacts(node, this.#clock.now())
    const state = this.#node(node)
    if (state.spec.socket === undefined) return unknownFacts(node, this.#clock.now())
    const found = await this.#executor.call<HostInspection>({ op: 'inspect', node }, signal)
    for (const { name, mtu } of found.interfaces) this.#model.learnMtu(node, name, mtu)
    return nodeFacts(state, found, this.#clock.now())
  }

  async hasten(nodes: readonly NodeId[], forMs: number, signal: AbortSignal, prover?: Prover): Promise<void> {
    this.#check(signal)
    if (nodes.length === 0) return
    await this.#executor.call({ op: 'hasten', nodes: [...nodes], forMs }, signal, prover)
  }

  async apply(
    action: MeshAction,
    options: ApplyOptions,
    signal: AbortSignal,
    prover?: Prover,
  ): Promise<AppliedChange> {
    this.#check(signal)
    if (this.#model.isStranger(action.node)) {
      throw meshSwarmError('ACTION_UNSUPPORTED', `${action.node} has no executor: it can only be watched.`)
    }
    this.#node(action.node)
    if (!this.#capabilities.has(action.kind)) {
      throw meshSwarmError('ACTION_UNSUPPORTED', `This mesh cannot do ${action.kind}.`, {
        details: { kind: action.kind, capabilities: [...this.#capabilities] },
      })
    }
    const { id: change, confirmWithinMs, reason, plan } = options
    const parts = { action, change, confirmWithinMs, reason, plan: plan && [...plan] }
    const applied = await this.#executor.call<AppliedChange>({ op: 'apply', ...parts }, signal, prover)
    if (action.kind === 'restart-daemon') this.#monitors.get(action.node)?.retryNow()
    return applied
  }

  async confirm(id: ChangeId, signal: AbortSignal, prover?: Prover): Promise<AppliedChange> {
    this.#check(signal)
    return this.#executor.call({ op: 'confirm', change: id }, signal, prover)
  }

  async rollback(id: ChangeId, signal: AbortSignal, prover?: Prover): Promise<AppliedChange> {
    this.#check(signal)
    return this.#executor.call({ op: 'rollback', change: id }, signal, prover)
  }

  async changes(signal: AbortSignal): Promise<readonly AppliedChange[]> {
    this.#check(signal)
    return this.#executor.call({ op: 'changes' }, signal)
  }

  async gate(signal: AbortSignal): Promise<GateState> {
    this.#check(signal)
    return this.#executor.gate(signal)
  }

  async tell(statement: unknown, signal: AbortSignal): Promise<void> {
    this.#check(signal)
    await this.#executor.call({ op: 'tell', statement }, signal)
  }

  /** Ends every stream and hangs up; the executor stays while a change is pending. A second call is the first. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    for (const watcher of this.#watchers) watcher.close()
    this.#model.stop()
    await Promise.all([...this.#monitors.values()].map((monitor) => monitor.stop()))
    await this.#executor.close()
    this.#model.stop()
  }

  async #startMonitors(signal: AbortSignal): Promise<void> {
    // A daemon drops who reads its whole table too slowly: not all tables at once.
    const bounded = limiter(8)
    const nodes = [...this.#model.nodes.values()].filter((node) => node.spec.socket !== undefined)
    await Promise.all(nodes.map((node) => bounded(() => this.#startMonitor(node, signal))))
  }

  /** Resolves at the first table, or when there is none to wait for. */
  async #startMonitor(node: NodeState, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#closed) return
    const first = Promise.withResolvers<void>()
    const feed = this.#model.feed(node)
    const monitor = new BabelMonitor(this.#clock, node.spec.socket ?? '', {
      start: feed.start,
      line: feed.line,
      synced: () => {
        feed.synced()
        first.resolve()
      },
      down: (how) => {
        this.#model.down(node, how === 'gone')
        if (how !== 'cut') first.resolve()
      },
    })
    this.#monitors.set(node.id, monitor)
    monitor.start()
    const cancel = this.#clock.after(FIRST_TABLES_MS, first.resolve)
    signal.addEventListener('abort', () => first.resolve(), { once: true })
    await first.promise
    cancel()
  }

  #node(id: NodeId): NodeState {
    const node = this.#model.nodes.get(id)
    if (node) return node
    throw meshSwarmError('NODE_NOT_FOUND', `No node ${id} is in the mesh.`, { details: { node: id } })
  }

  #check(signal: AbortSignal): void {
    if (this.#closed) throw closedError()
    throwIfCancelled(signal, 'The call')
  }
}

function closedError(): Error {
  return meshSwarmError('UNAVAILABLE', 'The driver is closed.')
}
