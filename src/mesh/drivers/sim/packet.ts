import type { MeshState } from './state.ts'
import { LOST } from './world.ts'

const MAX_HOPS = 64
const PATH_MTU_LIFE_MS = 600_000

/** Path MTUs that senders have learnt from routers that could not pass a packet on. */
export class PathMtus {
  readonly #known = new Map<number, { readonly bytes: number; readonly at: number }>()

  get(key: number, now: number): number {
    const entry = this.#known.get(key)
    if (entry === undefined) return Number.POSITIVE_INFINITY
    if (now - entry.at <= PATH_MTU_LIFE_MS) return entry.bytes
    this.#known.delete(key)
    return Number.POSITIVE_INFINITY
  }

  learn(key: number, bytes: number, now: number): void {
    this.#known.set(key, { bytes, at: now })
  }
}

/**
 * Walks one packet from node to node along the kernels' tables as they are now. Returns its delay in ms, or
 * LOST. `trail` collects the nodes on the way. A router with too small an MTU drops the packet and tells the
 * sender, whose next ones come in fragments.
 */
export function walkPacket(
  state: MeshState,
  mtus: PathMtus,
  from: number,
  to: number,
  bytes: number,
  trail?: number[],
): number {
  const { world, width, wiring } = state
  const key = from * state.nodes + to
  const size = Math.min(bytes, mtus.get(key, state.now))
  let node = from
  let delay = 0
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    trail?.push(node)
    if (node === to) return delay
    // It reached somebody who takes it for itself: the sender hears nothing of the node that it meant.
    if (state.answers[node]?.has(to)) return LOST
    if (node !== from && !world.forwards(node)) return LOST
    const slot = state.kernel[node * width + to] as number
    if (slot < 0) return LOST
    if (size > (world.mtu[slot] as number)) {
      mtus.learn(key, world.mtu[slot] as number, state.now)
      if (node !== from) return LOST
    }
    const step = world.transmit(slot, Math.min(size, world.mtu[slot] as number), state.now + delay)
    if (step === LOST) return LOST
    delay += step
    node = wiring.peer[slot] as number
  }
  return LOST
}

/** One packet straight over a link from the owner of `slot`: its delay, or LOST. */
export function crossLink(state: MeshState, slot: number, bytes: number): number {
  return state.world.transmit(slot, Math.min(bytes, state.world.mtu[slot] as number), state.now)
}

/** Whether the kernels' tables lead every packet for `to` somewhere, or stop it: never in a circle. */
export function isLoopFree(state: MeshState, to: number): boolean {
  // 0 unknown, 1 on the present walk, 2 known to end.
  const mark = new Uint8Array(state.nodes)
  for (let start = 0; start < state.nodes; start++) {
    const walk: number[] = []
    let node = start
    while (mark[node] === 0) {
      mark[node] = 1
      walk.push(node)
      const slot = node === to ? -1 : (state.kernel[node * state.width + to] as number)
      if (slot < 0) break
      node = state.wiring.peer[slot] as number
      if (mark[node] === 1) return false
    }
    for (const seen of walk) mark[seen] = 2
  }
  return true
}
