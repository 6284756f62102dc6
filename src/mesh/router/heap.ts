/**
 * A binary min-heap of the whole numbers 0 .. size-1 by key, each at most once, with decrease-key, on typed
 * arrays. `clear` takes time in the number of items left, so that one heap serves many searches.
 */
export class IndexHeap {
  readonly #items: Int32Array
  readonly #keys: Float64Array
  /** Place of an item in the heap, or -1. */
  readonly #places: Int32Array
  #size = 0

  constructor(size: number) {
    this.#items = new Int32Array(size)
    this.#keys = new Float64Array(size)
    this.#places = new Int32Array(size).fill(-1)
  }

  get size(): number {
    return this.#size
  }

  clear(): void {
    for (let i = 0; i < this.#size; i++) this.#places[this.#items[i] as number] = -1
    this.#size = 0
  }

  /** Puts the item in, or moves it up when the key is smaller than the one it has. */
  push(item: number, key: number): void {
    let hole = this.#places[item] as number
    if (hole < 0) hole = this.#size++
    else if (key >= (this.#keys[hole] as number)) return
    while (hole > 0) {
      const up = (hole - 1) >> 1
      if ((this.#keys[up] as number) <= key) break
      this.#move(up, hole)
      hole = up
    }
    this.#set(hole, item, key)
  }

  /** Takes out an item with the smallest key; -1 when empty. */
  pop(): number {
    if (this.#size === 0) return -1
    const top = this.#items[0] as number
    this.#places[top] = -1
    this.#size--
    if (this.#size > 0) this.#sink(this.#items[this.#size] as number, this.#keys[this.#size] as number)
    return top
  }

  #sink(item: number, key: number): void {
    let hole = 0
    for (;;) {
      let down = 2 * hole + 1
      if (down >= this.#size) break
      const right = down + 1
      if (right < this.#size && (this.#keys[right] as number) < (this.#keys[down] as number)) down = right
      if ((this.#keys[down] as number) >= key) break
      this.#move(down, hole)
      hole = down
    }
    this.#set(hole, item, key)
  }

  #move(from: number, to: number): void {
    this.#set(to, this.#items[from] as number, this.#keys[from] as number)
  }

  #set(place: number, item: number, key: number): void {
    this.#items[place] = item
    this.#keys[place] = key
    this.#places[item] = place
  }
}
