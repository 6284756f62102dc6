import type { NodeId } from '../../../core/index.ts'
import type { MeshChange } from '../../driver.ts'
import type { DaemonState } from '../../model.ts'
import { INFINITE, type MeshState, NO_ROUTE, routeIndex } from './state.ts'

/** How long changes of tables gather before they are told: they come by the hundred. */
const GATHER_MS = 50
const LOOK_MS = 100
const LOOKS = 100

/** Turns what happens in the mesh into the changes that daemons and executors would tell of. */
export class ChangeFeed {
  readonly #state: MeshState
  readonly #now: () => number
  readonly #listeners = new Set<(change: MeshChange) => void>()
  readonly #dirty = new Set<number>()
  #isSeen = false

  constructor(state: MeshState, now: () => number) {
    this.#state = state
    this.#now = now
    state.onRoute = (node) => this.#route(node)
    state.onLink = (slot) => this.#link(slot)
  }

  listen(listener: (change: MeshChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Whether somebody was told something since the last call. */
  takeSeen(): boolean {
    const isSeen = this.#isSeen
    this.#isSeen = false
    return isSeen
  }

  daemon(node: number, state: DaemonState): void {
    this.#tell({ kind: 'daemon', node: this.#id(node), state, at: this.#now() })
  }

  interface(slot: number): void {
    const { wiring, world } = this.#state
    const node = this.#id(wiring.owner[slot] as number)
    const iface = wiring.ifaces[slot] as string
    this.#tell({ kind: 'interface', node, iface, up: world.ifaceUp[slot] === 1, at: this.#now() })
  }

  /** Watches until the first table believes a second originator of the address of node `victim`. */
  foreignOrigin(announcer: number, victim: number): void {
    if (this.#listeners.size > 0) this.#state.call(LOOK_MS, () => this.#look(announcer, victim, LOOKS))
  }

  #look(announcer: number, victim: number, tries: number): void {
    const { installed, nodes, routeRouter, routerId, routers, width } = this.#state
    const router = routerId[announcer] as number
    for (let node = 0; node < nodes; node++) {
      const slot = installed[node * width + victim] as number
      if (slot === NO_ROUTE || routeRouter[routeIndex(this.#state, slot, victim)] !== router) continue
      const originator = routers[router]?.text ?? ''
      this.#tell({ kind: 'originator', victim: this.#id(victim), originator, at: this.#now() })
      return
    }
    if (tries > 0) this.#state.call(LOOK_MS, () => this.#look(announcer, victim, tries - 1))
  }

  #link(slot: number): void {
    if (this.#listeners.size === 0) return
    const { cost, wiring } = this.#state
    const up = cost[slot] !== INFINITE && cost[wiring.rev[slot] as number] !== INFINITE
    const link = wiring.linkIds[wiring.link[slot] as number]
    if (link !== undefined) this.#tell({ kind: 'link', link, up, at: this.#now() })
  }

  #route(node: number): void {
    if (this.#listeners.size === 0) return
    if (this.#dirty.size === 0) this.#state.call(GATHER_MS, () => this.#tellRoutes())
    this.#dirty.add(node)
  }

  #tellRoutes(): void {
    const at = this.#now()
    for (const node of this.#dirty) this.#tell({ kind: 'routes', node: this.#id(node), at })
    this.#dirty.clear()
  }

  #tell(change: MeshChange): void {
    if (this.#listeners.size === 0) return
    this.#isSeen = true
    for (const listener of this.#listeners) listener(change)
  }

  #id(node: number): NodeId {
    return this.#state.wiring.nodeIds[node] as NodeId
  }
}
