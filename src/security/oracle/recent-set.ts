/** What was seen within a window, `most` at the most: the oldest make room. */
export class RecentSet<T> {
  readonly #windowMs: number
  readonly #most: number
  readonly #seen = new Map<T, number>()

  constructor(windowMs: number, most: number) {
    this.#windowMs = windowMs
    this.#most = most
  }

  get size(): number {
    return this.#seen.size
  }

  has(item: T, at: number): boolean {
    const seen = this.#seen.get(item)
    return seen !== undefined && at - seen < this.#windowMs
  }

  /** What was seen at `from` or later. */
  since(from: number): readonly T[] {
    return [...this.#seen].flatMap(([item, seen]) => (seen >= from ? [item] : []))
  }

  /** True for what was not seen within the window. What is seen again counts from its first sight on. */
  add(item: T, at: number): boolean {
    if (this.has(item, at)) return false
    this.#forget(at)
    this.#put(item, at)
    return true
  }

  /** As `add`, and counts from now on. */
  touch(item: T, at: number): boolean {
    const isNew = !this.has(item, at)
    if (isNew) this.#forget(at)
    this.#put(item, at)
    return isNew
  }

  #put(item: T, at: number): void {
    this.#seen.delete(item)
    this.#seen.set(item, at)
  }

  #forget(at: number): void {
    for (const [oldest, seen] of this.#seen) {
      if (at - seen < this.#windowMs && this.#seen.size < this.#most) return
      this.#seen.delete(oldest)
    }
  }
}
