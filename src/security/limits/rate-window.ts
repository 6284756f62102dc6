const MINUTE_MS = 60_000

/** The requests of the last minute, exactly: no burst above the rate in any minute. */
export class RateWindow {
  /** In order, oldest first; those before `#first` are over. */
  readonly #times: number[] = []
  #first = 0

  count(now: number): number {
    while (this.#first < this.#times.length && (this.#times[this.#first] ?? 0) <= now - MINUTE_MS)
      this.#first++
    if (this.#first > 64 && this.#first * 2 > this.#times.length) {
      this.#times.splice(0, this.#first)
      this.#first = 0
    }
    return this.#times.length - this.#first
  }

  /** Until the oldest request is over, in ms. */
  freeInMs(now: number): number {
    return (this.#times[this.#first] ?? now) + MINUTE_MS - now
  }

  take(now: number): void {
    this.#times.push(now)
  }

  giveBack(at: number): void {
    const index = this.#times.lastIndexOf(at)
    if (index >= this.#first) this.#times.splice(index, 1)
  }
}
