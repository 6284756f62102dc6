import type { TwinModel } from './twin-model.ts'

const NOWHERE = -1

export interface RoundTrip {
  /** Probability that a packet gets there and its answer back. */
  readonly delivered: number
  readonly hops: number
}

/** Forwarding tables over a model, and what becomes of a packet on them. */
export class TwinRoutes {
  readonly #model: TwinModel
  readonly #table: (to: number) => Int32Array
  readonly #tables = new Map<number, Int32Array>()

  private constructor(model: TwinModel, table: (to: number) => Int32Array) {
    this.#model = model
    this.#table = table
  }

  /** The daemons' present tables; a node whose daemon says nothing still forwards along its shortest path. */
  static present(model: TwinModel): TwinRoutes {
    const { next, wiring } = model.base
    const nodes = wiring.nodeIds.length
    return new TwinRoutes(model, (to) => {
      const table = new Int32Array(nodes).fill(NOWHERE)
      const fallback = model.alive.includes(0) ? shortestTo(model, to, false) : undefined
      for (let node = 0; node < nodes; node++) {
        const peer = next[node * nodes + to] as number
        if (peer >= 0) table[node] = cheapestSlot(model, node, peer)
        else if (fallback && model.alive[node] === 0) table[node] = fallback[node] as number
      }
      return table
    })
  }

  /** Shortest paths over everything that routing may use. */
  static shortest(model: TwinModel): TwinRoutes {
    return new TwinRoutes(model, (to) => shortestTo(model, to, true))
  }

  roundTrip(from: number, to: number, bytes: number): RoundTrip {
    const there = this.#walk(from, to, bytes)
    const back = there.delivered > 0 ? this.#walk(to, from, bytes) : there
    return { delivered: there.delivered * back.delivered, hops: Math.max(there.hops, back.hops) }
  }

  #walk(from: number, to: number, bytes: number): RoundTrip {
    const { wiring } = this.#model.base
    const table = this.#tableTo(to)
    let delivered = 1
    let hops = 0
    for (let node = from; node !== to; hops++) {
      const slot = table[node] as number
      if (slot === NOWHERE || hops > wiring.nodeIds.length) return { delivered: 0, hops }
      if (node !== from) delivered *= this.#model.share[node] as number
      delivered *= this.#model.crossing(slot, bytes)
      node = wiring.peer[slot] as number
    }
    return { delivered, hops }
  }

  #tableTo(to: number): Int32Array {
    const known = this.#tables.get(to)
    if (known !== undefined) return known
    const table = this.#table(to)
    this.#tables.set(to, table)
    return table
  }
}

/** Dijkstra from the originators of `to` outwards: the slot that every node sends over. */
function shortestTo(model: TwinModel, to: number, onlyRouted: boolean): Int32Array {
  const { next, wiring } = model.base
  const nodes = wiring.nodeIds.length
  const distance = new Float64Array(nodes).fill(Number.POSITIVE_INFINITY)
  const table = new Int32Array(nodes).fill(NOWHERE)
  const done = new Uint8Array(nodes)
  for (const origin of [to, ...(model.announcers.get(to) ?? [])]) {
    if (!onlyRouted || model.alive[origin] === 1) distance[origin] = 0
  }
  for (;;) {
    let node = NOWHERE
    for (let u = 0; u < nodes; u++) {
      if (done[u] === 0 && (distance[u] as number) < (distance[node] ?? Number.POSITIVE_INFINITY)) node = u
    }
    if (node === NOWHERE) return table
    done[node] = 1
    const last = wiring.first[node + 1] as number
    for (let slot = wiring.first[node] as number; slot < last; slot++) {
      if (onlyRouted && !model.isRouted(slot)) continue
      const peer = wiring.peer[slot] as number
      const back = wiring.rev[slot] as number
      const through = (distance[node] as number) + (model.cost[back] as number)
      const isKept = through === distance[peer] && next[peer * nodes + to] === node
      if (through >= 65535 || !(through < (distance[peer] as number) || isKept)) continue
      distance[peer] = through
      table[peer] = back
    }
  }
}

function cheapestSlot(model: TwinModel, node: number, peer: number): number {
  const { wiring } = model.base
  let best = NOWHERE
  const last = wiring.first[node + 1] as number
  for (let slot = wiring.first[node] as number; slot < last; slot++) {
    if (wiring.peer[slot] !== peer) continue
    if (best === NOWHERE || (model.cost[slot] as number) < (model.cost[best] as number)) best = slot
  }
  return best
}
