/** Weight of the newest measurement in the moving averages. */
const NEWEST = 0.05

/**
 * How many steps a worker takes ahead of need. By Little's law, what its slots finish while the store answers: a lot
 * of short steps, none of long ones, which another worker could begin meanwhile.
 */
export class Pace {
  #stepMs: number | undefined
  #storeMs = 0

  note(stepMs: number, storeMs: number): void {
    this.#stepMs = this.#stepMs === undefined ? stepMs : this.#stepMs + NEWEST * (stepMs - this.#stepMs)
    this.#storeMs += NEWEST * (storeMs - this.#storeMs)
  }

  /** At most as many as there are slots. */
  ahead(slots: number): number {
    if (this.#stepMs === undefined) return 0
    return Math.min(slots, Math.floor((slots * this.#storeMs) / Math.max(this.#stepMs, 1)))
  }
}
