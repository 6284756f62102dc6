import type { Random } from '../../../core/index.ts'
import type { Wiring } from './topology.ts'

/** What a frame that does not arrive is worth in `transmit`. */
export const LOST = -1

const QUEUE_BYTES = 3_000
/** Delays below this make no difference to timers of a second. */
export const PLAIN_MS = 20
const WHOLE = 1_000_000

/**
 * The physical world: what becomes of a frame, whatever any routing protocol thinks. Directed values belong to
 * the slot that sends. Nothing here notices or repairs anything.
 */
export class World {
  readonly wiring: Wiring
  readonly #random: Random
  /** Probability that a frame is lost on the way, for each sending slot. */
  readonly loss: Float64Array
  readonly cut: Uint8Array
  readonly delayMs: Float64Array
  /** Bytes a millisecond, 0 without a limit. */
  readonly rate: Float64Array
  /** When the queue of a rate-limited direction is empty again. */
  readonly #busyUntil: Float64Array
  /** Longer frames vanish without a word. */
  readonly maxBytes: Float64Array
  readonly ifaceUp: Uint8Array
  readonly mtu: Float64Array
  /** Share of the transit packets that a node passes on. */
  readonly forwardRatio: Float64Array
  readonly forwarding: Uint8Array
  readonly frozen: Uint8Array
  /** Called after an interface went up or down, with its slot. */
  onInterface: (slot: number) => void = () => {}

  constructor(components: { random: Random; wiring: Wiring }, delays: (link: number) => number) {
    this.wiring = components.wiring
    this.#random = components.random
    const slots = this.wiring.owner.length
    const nodes = this.wiring.nodeIds.length
    this.loss = new Float64Array(slots)
    this.cut = new Uint8Array(slots)
    this.delayMs = Float64Array.from(this.wiring.link, (link) => delays(link))
    this.rate = new Float64Array(slots)
    this.#busyUntil = new Float64Array(slots)
    this.maxBytes = new Float64Array(slots).fill(WHOLE)
    this.ifaceUp = new Uint8Array(slots).fill(1)
    this.mtu = new Float64Array(slots).fill(1500)
    this.forwardRatio = new Float64Array(nodes).fill(1)
    this.forwarding = new Uint8Array(nodes).fill(1)
    this.frozen = new Uint8Array(nodes)
  }

  /** Delay of a frame that leaves `slot` at `now`, or LOST. Takes its place in the queue of a slow link. */
  transmit(slot: number, bytes: number, now: number): number {
    const rev = this.wiring.rev[slot] as number
    if (this.ifaceUp[slot] === 0 || this.ifaceUp[rev] === 0 || this.cut[slot] === 1) return LOST
    const from = this.wiring.owner[slot] as number
    const to = this.wiring.peer[slot] as number
    if (this.frozen[from] === 1 || this.frozen[to] === 1) return LOST
    if (bytes > (this.maxBytes[slot] as number)) return LOST
    const loss = this.loss[slot] as number
    if (loss > 0 && this.#random.next() < loss) return LOST
    const rate = this.rate[slot] as number
    const delay = this.delayMs[slot] as number
    if (rate === 0) return delay
    const start = Math.max(now, this.#busyUntil[slot] as number)
    if ((start - now) * rate + bytes > QUEUE_BYTES) return LOST
    this.#busyUntil[slot] = start + bytes / rate
    return start + bytes / rate - now + delay
  }

  /** Whether every frame of any size sent now arrives without delay worth mentioning. */
  isPlain(slot: number): boolean {
    const [from, to] = [this.wiring.owner[slot] as number, this.wiring.peer[slot] as number]
    if (this.frozen[from] === 1 || this.frozen[to] === 1 || this.cut[slot] === 1) return false
    if (!this.carrier(slot) || this.maxBytes[slot] !== WHOLE) return false
    return this.loss[slot] === 0 && this.rate[slot] === 0 && (this.delayMs[slot] as number) <= PLAIN_MS
  }

  /** Whether a node passes a transit packet on. */
  forwards(node: number): boolean {
    if (this.forwarding[node] === 0 || this.frozen[node] === 1) return false
    const ratio = this.forwardRatio[node] as number
    return ratio >= 1 || this.#random.next() < ratio
  }

  /** A carrier needs both ends of a cable administratively up. */
  carrier(slot: number): boolean {
    return this.ifaceUp[slot] === 1 && this.ifaceUp[this.wiring.rev[slot] as number] === 1
  }

  setLoss(slot: number, probability: number): void {
    this.loss[slot] = probability
  }

  setCut(slot: number, isCut: boolean): void {
    this.cut[slot] = isCut ? 1 : 0
  }

  setDelay(slot: number, ms: number): void {
    this.delayMs[slot] = ms
  }

  /** Limits a direction to `kbit` a second with a short queue; undefined lifts the limit. */
  setRate(slot: number, kbit: number | undefined): void {
    this.rate[slot] = kbit === undefined ? 0 : kbit / 8
  }

  /** Frames above `bytes` vanish in this direction; undefined lifts the limit. */
  setMaxBytes(slot: number, bytes: number | undefined): void {
    this.maxBytes[slot] = bytes ?? WHOLE
  }

  setInterfaceUp(slot: number, up: boolean): void {
    if (this.ifaceUp[slot] === (up ? 1 : 0)) return
    this.ifaceUp[slot] = up ? 1 : 0
    this.onInterface(slot)
  }

  setMtu(slot: number, bytes: number): void {
    this.mtu[slot] = bytes
  }

  setForwardRatio(node: number, ratio: number): void {
    this.forwardRatio[node] = ratio
  }

  setForwarding(node: number, enabled: boolean): void {
    this.forwarding[node] = enabled ? 1 : 0
  }

  /** A frozen node neither sends nor receives a frame. */
  setFrozen(node: number, frozen: boolean): void {
    this.frozen[node] = frozen ? 1 : 0
  }
}
