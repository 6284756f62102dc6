/**
 * The last ticks of one probed thing (a link direction, a pair of nodes): packets sent and lost in each.
 * A ring of small counters, no allocation after construction.
 */
export class LossWindow {
  readonly #sent: Uint16Array
  readonly #lost: Uint16Array
  #next = 0
  #filled = 0
  /** Trailing ticks in which everything that was sent was lost. */
  #deadTicks = 0
  /** Clock time of the send of the first tick of the present run of dead ticks. */
  #deadSince: number | undefined

  constructor(ticks: number) {
    this.#sent = new Uint16Array(ticks)
    this.#lost = new Uint16Array(ticks)
  }

  get deadTicks(): number {
    return this.#deadTicks
  }

  get deadSince(): number | undefined {
    return this.#deadSince
  }

  get ticks(): number {
    return this.#filled
  }

  /** A tick in which nothing was sent says nothing and is not kept. */
  add(sent: number, lost: number, at: number): void {
    if (sent === 0) return
    this.#sent[this.#next] = sent
    this.#lost[this.#next] = lost
    this.#next = (this.#next + 1) % this.#sent.length
    this.#filled = Math.min(this.#filled + 1, this.#sent.length)
    if (lost === sent) {
      this.#deadTicks += 1
      this.#deadSince ??= at
    } else {
      this.#deadTicks = 0
      this.#deadSince = undefined
    }
  }

  clear(): void {
    this.#filled = 0
    this.#next = 0
    this.#deadTicks = 0
    this.#deadSince = undefined
  }

  /** Sums over the newest `ticks` ticks; `lossyTicks` counts those with any loss. */
  totals(ticks = this.#sent.length): LossTotals {
    let sent = 0
    let lost = 0
    let lossyTicks = 0
    const size = this.#sent.length
    const count = Math.min(ticks, this.#filled)
    for (let back = 1; back <= count; back += 1) {
      const slot = (this.#next - back + size) % size
      const tickSent = this.#sent[slot] ?? 0
      const tickLost = this.#lost[slot] ?? 0
      sent += tickSent
      lost += tickLost
      if (tickLost > 0) lossyTicks += 1
    }
    return { sent, lost, lossyTicks, ticks: count }
  }
}

export interface LossTotals {
  readonly sent: number
  readonly lost: number
  readonly lossyTicks: number
  readonly ticks: number
}

/** log(p1/p0) of Wald's sequential test for `lost` of `sent` packets: evidence for loss rate p1 over p0, in nats. */
export function lossEvidence({ sent, lost }: { sent: number; lost: number }, p0: number, p1: number): number {
  return lost * Math.log(p1 / p0) + (sent - lost) * Math.log((1 - p1) / (1 - p0))
}
