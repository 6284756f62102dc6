/** A binary min-heap. `push` and `pop` take O(log n); equal items come out in no stated order. */
export class BinaryHeap<T> {
  readonly #items: T[] = []
  readonly #less: (a: T, b: T) => boolean

  constructor(less: (a: T, b: T) => boolean) {
    this.#less = less
  }

  get size(): number {
    return this.#items.length
  }

  /** The smallest item, left where it is; undefined when empty. */
  peek(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    const items = this.#items
    let hole = items.length
    items.push(item)
    while (hole > 0) {
      const up = (hole - 1) >> 1
      const parent = items[up] as T
      if (!this.#less(item, parent)) break
      items[hole] = parent
      hole = up
    }
    items[hole] = item
  }

  /** Takes the smallest item out; undefined when empty. */
  pop(): T | undefined {
    const items = this.#items
    const top = items[0]
    const last = items.pop() as T
    if (items.length > 0) this.#sink(last)
    return top
  }

  #sink(item: T): void {
    const items = this.#items
    const firstLeaf = items.length >> 1
    let hole = 0
    while (hole < firstLeaf) {
      let down = 2 * hole + 1
      const right = down + 1
      if (right < items.length && this.#less(items[right] as T, items[down] as T)) down = right
      const child = items[down] as T
      if (!this.#less(child, item)) break
      items[hole] = child
      hole = down
    }
    items[hole] = item
  }
}
