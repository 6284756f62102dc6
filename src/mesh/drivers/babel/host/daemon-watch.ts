import type { Cancel, Clock } from '../../../../core/index.ts'
import type { DaemonState } from '../../../model.ts'
import { daemonState, findDaemons, type ProcessRef } from './processes.ts'
import type { DaemonReport } from './protocol.ts'

const POLL_MS = 250

export interface WatchedNode {
  readonly id: string
  readonly socket?: string | undefined
}

/** Knows the process and its state for every daemon on this machine; tells what changed. */
export class DaemonWatch {
  readonly #clock: Clock
  readonly #onChange: (reports: readonly DaemonReport[]) => void
  #nodes: readonly WatchedNode[] = []
  readonly #refs = new Map<string, ProcessRef>()
  readonly #states = new Map<string, DaemonState>()
  #cancel: Cancel | undefined

  constructor(clock: Clock, onChange: (reports: readonly DaemonReport[]) => void) {
    this.#clock = clock
    this.#onChange = onChange
  }

  /** Looks at once, then every quarter of a second. A second call takes the new list. */
  start(nodes: readonly WatchedNode[]): void {
    this.#nodes = nodes.filter((node) => node.socket !== undefined)
    this.#states.clear()
    this.#cancel?.()
    this.#tick()
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  reports(): readonly DaemonReport[] {
    return [...this.#states].map(([node, state]) => ({ node, state }))
  }

  /** The state of one node's daemon at this moment. */
  look(id: string): DaemonState {
    if (daemonState(this.#refs.get(id)) === 'dead') this.#scan()
    return daemonState(this.#refs.get(id))
  }

  #tick(): void {
    this.poll()
    this.#cancel = this.#clock.after(POLL_MS, () => this.#tick())
  }

  poll(): void {
    const missing = this.#nodes.some((node) => daemonState(this.#refs.get(node.id)) === 'dead')
    if (missing) this.#scan()
    const changed: DaemonReport[] = []
    for (const { id } of this.#nodes) {
      const state = daemonState(this.#refs.get(id))
      if (this.#states.get(id) === state) continue
      this.#states.set(id, state)
      changed.push({ node: id, state })
    }
    if (changed.length > 0) this.#onChange(changed)
  }

  #scan(): void {
    const found = findDaemons(new Set(this.#nodes.flatMap((node) => node.socket ?? [])))
    for (const { id, socket } of this.#nodes) {
      const ref = socket === undefined ? undefined : found.get(socket)
      if (ref) this.#refs.set(id, ref)
      else this.#refs.delete(id)
    }
  }
}
