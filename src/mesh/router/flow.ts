import { IndexHeap } from './heap.ts'

/** A flow network with its residual: arc i and arc i ^ 1 are each other's reverse. */
export class FlowNetwork {
  readonly #nodes: number
  readonly #out: number[][]
  readonly #heads: number[] = []
  readonly #capacity: number[] = []
  readonly #costs: number[] = []

  constructor(nodes: number) {
    this.#nodes = nodes
    this.#out = Array.from({ length: nodes }, () => [])
  }

  /** Returns the arc's number. A cost is never negative. */
  addArc(from: number, to: number, capacity: number, cost = 0): number {
    const arc = this.#heads.length
    this.#heads.push(to, from)
    this.#capacity.push(capacity, 0)
    this.#costs.push(cost, -cost)
    this.#out[from]?.push(arc)
    this.#out[to]?.push(arc + 1)
    return arc
  }

  /** Units that go through the arc. */
  flowOn(arc: number): number {
    return this.#capacity[arc ^ 1] as number
  }

  /** Largest flow up to `limit`, one unit after the other over shortest ways (Edmonds and Karp, 1972). */
  maxFlow(source: number, sink: number, limit = Number.POSITIVE_INFINITY): number {
    let flow = 0
    while (flow < limit) {
      const arcInto = this.#search(source, sink)
      if (arcInto[sink] === -1) break
      this.#augment(arcInto, source, sink)
      flow++
    }
    return flow
  }

  /**
   * The cheapest flow of up to `limit` units, by successive shortest paths with potentials (Edmonds and Karp,
   * 1972; for two units this is Suurballe's algorithm, 1974). Returns the units.
   */
  minCostFlow(source: number, sink: number, limit: number): number {
    const potential = new Float64Array(this.#nodes)
    const heap = new IndexHeap(this.#nodes)
    let flow = 0
    while (flow < limit) {
      const distance = new Float64Array(this.#nodes).fill(Number.POSITIVE_INFINITY)
      const arcInto = new Int32Array(this.#nodes).fill(-1)
      distance[source] = 0
      heap.push(source, 0)
      for (let node = heap.pop(); node >= 0; node = heap.pop()) {
        for (const arc of this.#out[node] ?? []) {
          if (this.#capacity[arc] === 0) continue
          const head = this.#heads[arc] as number
          const reduced =
            (this.#costs[arc] as number) + (potential[node] as number) - (potential[head] as number)
          const through = (distance[node] as number) + Math.max(0, reduced)
          if (through >= (distance[head] as number)) continue
          distance[head] = through
          arcInto[head] = arc
          heap.push(head, through)
        }
      }
      if (arcInto[sink] === -1) break
      const farthest = distance[sink] as number
      for (let v = 0; v < this.#nodes; v++) {
        potential[v] = (potential[v] as number) + Math.min(distance[v] as number, farthest)
      }
      this.#augment(arcInto, source, sink)
      flow++
    }
    return flow
  }

  /** After a largest flow: 1 for the nodes on the source's side of the smallest cut nearest to it. */
  sourceSide(source: number): Uint8Array {
    const arcInto = this.#search(source, -1)
    const side = Uint8Array.from(arcInto, (arc) => (arc === -1 ? 0 : 1))
    side[source] = 1
    return side
  }

  #search(source: number, sink: number): Int32Array {
    const arcInto = new Int32Array(this.#nodes).fill(-1)
    const queue = [source]
    for (const node of queue) {
      for (const arc of this.#out[node] ?? []) {
        const head = this.#heads[arc] as number
        if (this.#capacity[arc] === 0 || head === source || arcInto[head] !== -1) continue
        arcInto[head] = arc
        if (head === sink) return arcInto
        queue.push(head)
      }
    }
    return arcInto
  }

  #augment(arcInto: Int32Array, source: number, sink: number): void {
    for (let node = sink; node !== source; ) {
      const arc = arcInto[node] as number
      this.#capacity[arc] = (this.#capacity[arc] as number) - 1
      this.#capacity[arc ^ 1] = (this.#capacity[arc ^ 1] as number) + 1
      node = this.#heads[arc ^ 1] as number
    }
  }
}
