/** A binary min-heap of events in typed arrays: no allocation per event. */
export class EventHeap {
  /** Fields of the event that `pop` returned last. */
  at = 0
  kind = 0
  a = 0
  b = 0
  #size = 0
  #order = 0
  #times: Float64Array
  #orders: Float64Array
  #data: Int32Array

  constructor(capacity = 1024) {
    this.#times = new Float64Array(capacity)
    this.#orders = new Float64Array(capacity)
    this.#data = new Int32Array(capacity * 3)
  }

  get size(): number {
    return this.#size
  }

  /** Time of the earliest event, Infinity when there is none. */
  peekAt(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : (this.#times[0] as number)
  }

  /** Events of the same time come out in the order in which they were pushed. */
  push(at: number, kind: number, a: number, b: number): void {
    if (this.#size === this.#times.length) this.#grow()
    const times = this.#times
    const orders = this.#orders
    const order = this.#order++
    let hole = this.#size++
    while (hole > 0) {
      const parent = (hole - 1) >> 1
      if ((times[parent] as number) <= at) break
      this.#move(parent, hole)
      hole = parent
    }
    times[hole] = at
    orders[hole] = order
    this.#data[hole * 3] = kind
    this.#data[hole * 3 + 1] = a
    this.#data[hole * 3 + 2] = b
  }

  /** Takes the earliest event out into `at`, `kind`, `a` and `b`; false when there is none. */
  pop(): boolean {
    if (this.#size === 0) return false
    this.at = this.#times[0] as number
    this.kind = this.#data[0] as number
    this.a = this.#data[1] as number
    this.b = this.#data[2] as number
    const last = --this.#size
    if (last > 0) this.#sink(last)
    return true
  }

  /** Puts the event at `last` in at the top and lets it sink to its place. */
  #sink(last: number): void {
    const times = this.#times
    const orders = this.#orders
    const at = times[last] as number
    const order = orders[last] as number
    let hole = 0
    for (;;) {
      let child = 2 * hole + 1
      if (child >= last) break
      if (child + 1 < last && this.#before(child + 1, child)) child++
      const childAt = times[child] as number
      if (at < childAt || (at === childAt && order < (orders[child] as number))) break
      this.#move(child, hole)
      hole = child
    }
    this.#move(last, hole)
  }

  #before(i: number, j: number): boolean {
    const ti = this.#times[i] as number
    const tj = this.#times[j] as number
    return ti < tj || (ti === tj && (this.#orders[i] as number) < (this.#orders[j] as number))
  }

  #move(from: number, to: number): void {
    this.#times[to] = this.#times[from] as number
    this.#orders[to] = this.#orders[from] as number
    const data = this.#data
    data[to * 3] = data[from * 3] as number
    data[to * 3 + 1] = data[from * 3 + 1] as number
    data[to * 3 + 2] = data[from * 3 + 2] as number
  }

  #grow(): void {
    const capacity = this.#times.length * 2
    const times = new Float64Array(capacity)
    const orders = new Float64Array(capacity)
    const data = new Int32Array(capacity * 3)
    times.set(this.#times)
    orders.set(this.#orders)
    data.set(this.#data)
    this.#times = times
    this.#orders = orders
    this.#data = data
  }
}
