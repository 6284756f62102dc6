import { type Clock, meshSwarmError, type NodeId } from '../../src/core/index.ts'
import type { SimMesh } from '../../src/mesh/index.ts'
import type { TrafficProbe } from '../drill/field.ts'
import { type OutageOptions, type OutageReport, outageOf, type Packet } from '../outage.ts'

export interface SimProberOptions {
  /** Payload of a packet; 1400 finds what only large packets suffer from. Default 56. */
  readonly bytes?: number
  readonly intervalMs?: number
  /** An answer later than this counts as lost. Default 1000. */
  readonly timeoutMs?: number
}

const HEADER_BYTES = 48
const LOOK_MS = 50

/** Pings from one node to another in virtual time, seen from outside the system under test. Runs until `stop`. */
export class SimProber implements TrafficProbe {
  readonly packets: Packet[] = []
  readonly #mesh: SimMesh
  readonly #clock: Clock
  readonly #pair: readonly [number, number]
  readonly #intervalMs: number
  readonly #timeoutMs: number
  readonly #bytes: number
  #cancel: () => void = () => {}

  constructor(
    components: { readonly mesh: SimMesh; readonly clock: Clock },
    pair: { readonly from: string; readonly to: string },
    options: SimProberOptions = {},
  ) {
    this.#mesh = components.mesh
    this.#clock = components.clock
    this.#pair = [this.#mesh.node(pair.from as NodeId), this.#mesh.node(pair.to as NodeId)]
    if (this.#pair[0] === this.#pair[1]) throw meshSwarmError('INVALID_INPUT', 'A pair is two nodes.')
    this.#intervalMs = options.intervalMs ?? 50
    this.#timeoutMs = options.timeoutMs ?? 1000
    this.#bytes = (options.bytes ?? 56) + HEADER_BYTES
    this.#send()
  }

  report(options: OutageOptions): OutageReport {
    return outageOf(this.packets, { intervalMs: this.#intervalMs, ...options })
  }

  async waitHealed(options: OutageOptions, signal: AbortSignal): Promise<OutageReport> {
    for (;;) {
      const report = this.report(options)
      if (report.healedAt !== undefined || signal.aborted) return report
      await this.#clock.sleep(LOOK_MS, signal).catch(() => undefined)
    }
  }

  async stop(): Promise<void> {
    this.#cancel()
  }

  #send(): void {
    const [from, to] = this.#pair
    const sentAt = this.#mesh.now()
    const there = this.#mesh.send(from, to, this.#bytes)
    const back = there < 0 ? -1 : this.#mesh.send(to, from, this.#bytes)
    const answered = back >= 0 && there + back <= this.#timeoutMs
    this.packets.push({ sentAt, answered, rttMs: answered ? there + back : undefined })
    this.#cancel = this.#mesh.after(this.#intervalMs, () => this.#send())
  }
}
