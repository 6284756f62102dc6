import type { NodeId } from '../../core/index.ts'
import type { MapekOptions } from '../options.ts'
import { LossWindow, lossEvidence } from './loss-window.ts'

export type LinkVerdict = 'healthy' | 'suspect' | 'dead' | 'lossy' | 'drops-large' | 'saturated' | 'unknown'

/** What probes over one direction of a link have shown in the last rounds. */
export class DirectionHealth {
  readonly from: NodeId
  readonly to: NodeId
  readonly small: LossWindow
  readonly large: LossWindow
  #slowTicks = 0
  /** Time of the first bad round of the present bad spell. */
  badSince: number | undefined
  lastBadAt: number | undefined
  lastDelayMs: number | undefined

  constructor(from: NodeId, to: NodeId, windowTicks: number) {
    this.from = from
    this.to = to
    this.small = new LossWindow(windowTicks)
    this.large = new LossWindow(windowTicks)
  }

  add(
    size: 'small' | 'large',
    probe: { sent: number; lost: number; delayMs: number | undefined; at: number },
    options: MapekOptions,
  ): void {
    this[size].add(probe.sent, probe.lost, probe.at)
    if (probe.delayMs !== undefined) {
      this.lastDelayMs = probe.delayMs
      this.#slowTicks = probe.delayMs > options.saturatedDelayMs ? this.#slowTicks + 1 : 0
    }
    const bad = probe.lost > 0 || this.#slowTicks > 0
    if (bad) {
      this.badSince ??= probe.at
      this.lastBadAt = probe.at
    } else if (
      this.lastBadAt !== undefined &&
      probe.at - this.lastBadAt > options.windowTicks * options.tickMs
    ) {
      this.badSince = undefined
    }
  }

  /** Loss, or delay, in the window: the monitor probes it harder. */
  get suspicious(): boolean {
    return this.small.totals().lost > 0 || this.large.totals().lost > 0 || this.#slowTicks > 0
  }

  verdict(options: MapekOptions): LinkVerdict {
    if (this.small.ticks === 0) return 'unknown'
    if (this.small.deadTicks >= options.deadTicks) return 'dead'
    const small = this.small.totals()
    const large = this.large.totals()
    const passes = this.small.deadTicks === 0
    if (this.#slowTicks >= options.saturatedTicks) return 'saturated'
    const smallClean = passes && small.lost <= 1
    if (this.large.deadTicks >= options.largeDeadTicks && smallClean) return 'drops-large'
    // Large packets alone may be what a narrow or saturated link loses, so both sizes count together, but a
    // run of lost large ones (the MTU case in the making) is not yet evidence of loss as such.
    const both = smallClean && this.large.deadTicks > 0 ? small : sum(small, large)
    const spread = Math.max(small.lossyTicks, large.lossyTicks)
    if (spread >= options.lossyTicks && evidence(both, options) >= options.lossEvidence && passes)
      return 'lossy'
    return this.small.deadTicks > 1 || evidence(both, options) > 0 ? 'suspect' : 'healthy'
  }

  lossRate(): number | undefined {
    const { sent, lost } = sum(this.small.totals(), this.large.totals())
    return sent === 0 ? undefined : lost / sent
  }

  clear(): void {
    this.small.clear()
    this.large.clear()
    this.#slowTicks = 0
    this.badSince = undefined
  }
}

function evidence(totals: { sent: number; lost: number }, options: MapekOptions): number {
  return lossEvidence(totals, options.healthyLoss, options.badLoss)
}

function sum(
  a: { sent: number; lost: number },
  b: { sent: number; lost: number },
): { sent: number; lost: number } {
  return { sent: a.sent + b.sent, lost: a.lost + b.lost }
}
