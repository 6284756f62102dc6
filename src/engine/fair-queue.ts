import { BinaryHeap } from '../core/index.ts'

/** One step of priority overtakes fewer earlier arrivals than this. */
export const PLACES_PER_PRIORITY = 100

interface Place<T> {
  readonly rank: number
  readonly order: number
  value: T | undefined
}

/**
 * First come, first served; each step of priority overtakes the last 99 arrivals and no more, so that
 * nobody starves. A visitor waits for one kind of server, or for any.
 */
export class FairQueue<T extends object> {
  readonly #lines = new Map<string | undefined, BinaryHeap<Place<T>>>()
  #arrivals = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The returned function leaves the queue; it does nothing for one who was served or has left. */
  enter(kind: string | undefined, priority: number, value: T): () => void {
    const order = this.#arrivals++
    const place: Place<T> = { rank: order - priority * PLACES_PER_PRIORITY, order, value }
    this.#line(kind).push(place)
    this.#size++
    return () => this.#empty(place)
  }

  /** Who waits for this kind of server waits for any from now on, at the same place. */
  open(kind: string): void {
    const line = this.#line(kind)
    this.#lines.delete(kind)
    for (let place = line.pop(); place; place = line.pop()) this.#line(undefined).push(place)
  }

  /** Whose turn it is at a server of this kind; undefined where nobody waits for it. */
  take(kind: string): T | undefined {
    const own = this.#first(kind)
    const any = this.#first(undefined)
    const place = own && any ? (before(own, any) ? own : any) : (own ?? any)
    if (!place) return undefined
    return this.#empty(place)
  }

  /** Takes everybody out, in no stated order. */
  drain(): T[] {
    const values: T[] = []
    for (const kind of this.#lines.keys()) {
      for (let place = this.#first(kind); place; place = this.#first(kind))
        values.push(this.#empty(place) as T)
    }
    return values
  }

  #line(kind: string | undefined): BinaryHeap<Place<T>> {
    let line = this.#lines.get(kind)
    if (!line) {
      line = new BinaryHeap<Place<T>>(before)
      this.#lines.set(kind, line)
    }
    return line
  }

  #first(kind: string | undefined): Place<T> | undefined {
    const line = this.#lines.get(kind)
    while (line && line.size > 0 && line.peek()?.value === undefined) line.pop()
    return line?.peek()
  }

  #empty(place: Place<T>): T | undefined {
    const { value } = place
    if (value !== undefined) this.#size--
    place.value = undefined
    return value
  }
}

function before(a: Place<unknown>, b: Place<unknown>): boolean {
  return a.rank < b.rank || (a.rank === b.rank && a.order < b.order)
}
