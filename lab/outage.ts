/** One probe. Times are wall-clock milliseconds. */
export interface Packet {
  readonly sentAt: number
  readonly answered: boolean
  readonly rttMs: number | undefined
}

export interface OutageOptions {
  /** When the fault struck; earlier packets do not count. */
  readonly onset: number
  /** Successes in a row that count as healed. Take more for a fault that loses only a share. Default 5. */
  readonly consecutive?: number
  /** Window for `lossAtEnd`. Default 5000. */
  readonly tailMs?: number
  readonly intervalMs?: number
}

export interface OutageReport {
  readonly onset: number
  /** The first packet lost since the onset, undefined where none was. */
  readonly brokenAt: number | undefined
  /** The first of the successes in a row after it; undefined: not healed while watched (censored). */
  readonly healedAt: number | undefined
  /** From onset to healing, or how long it was watched in vain; 0 where nothing was lost. */
  readonly outageMs: number
  readonly censored: boolean
  readonly sent: number
  readonly lost: number
  /** Share lost, 0 to 1, in the last seconds; undefined where nothing was sent. */
  readonly lossAtEnd: number | undefined
}

/** Computes the outage from packets in the order of their sending. */
export function outageOf(packets: readonly Packet[], options: OutageOptions): OutageReport {
  const need = options.consecutive ?? 5
  const { onset } = options
  const seen = packets.filter((packet) => packet.sentAt >= onset)
  const broken = seen.findIndex((packet) => !packet.answered)
  const last = seen.at(-1)?.sentAt ?? onset
  const tail = seen.filter((packet) => packet.sentAt > last - (options.tailMs ?? 5000))
  const lost = seen.filter((packet) => !packet.answered).length
  const healed = broken < 0 ? undefined : firstOfRun(seen.slice(broken), need)
  const censored = broken >= 0 && healed === undefined
  return {
    onset,
    brokenAt: seen[broken]?.sentAt,
    healedAt: healed,
    outageMs: broken < 0 ? 0 : (healed ?? last) - onset,
    censored,
    sent: seen.length,
    lost,
    lossAtEnd: tail.length === 0 ? undefined : tail.filter((packet) => !packet.answered).length / tail.length,
  }
}

function firstOfRun(packets: readonly Packet[], need: number): number | undefined {
  let run = 0
  for (const [index, packet] of packets.entries()) {
    run = packet.answered ? run + 1 : 0
    if (run === need) return packets[index - need + 1]?.sentAt
  }
  return undefined
}
