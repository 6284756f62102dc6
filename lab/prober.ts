import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { type OutageOptions, type OutageReport, outageOf, type Packet } from './outage.ts'
import type { LabNode } from './plan.ts'

export interface ProberOptions {
  /** Payload of a packet; 1400 finds MTU black holes and congestion. Default 56. */
  readonly bytes?: number
  readonly intervalMs?: number
}

/** Pings under way: they end with this process, whatever ends it but kill -9 (then with the lab). */
const running = new Set<ChildProcess>()

function killRunning(): void {
  for (const child of running) child.kill('SIGKILL')
}

function track(child: ChildProcess): void {
  if (running.size === 0) process.on('exit', killRunning)
  running.add(child)
  child.once('close', () => {
    running.delete(child)
    if (running.size === 0) process.off('exit', killRunning)
  })
}

/** The time that a packet without an answer may still get one. */
const GRACE_MS = 1000

/**
 * A stream of pings from one node to another, seen from outside the system under test.
 * `stop` ends it; so does the end of this process or of the lab. When ping ends by itself (no route at the start)
 * it is started again.
 */
export class Prober {
  readonly intervalMs: number
  readonly #from: LabNode
  readonly #to: LabNode
  readonly #bytes: number
  readonly #packets = new Map<number, Packet>()
  #child: ChildProcess | undefined
  #stopped = false
  /** Sequence numbers of this run of ping start here: it counts from 1, and wraps at 16 bits. */
  #base = 0
  #last = 0

  private constructor(from: LabNode, to: LabNode, options: ProberOptions) {
    this.#from = from
    this.#to = to
    this.#bytes = options.bytes ?? 56
    this.intervalMs = options.intervalMs ?? 50
  }

  static start(from: LabNode, to: LabNode, options: ProberOptions = {}): Prober {
    const prober = new Prober(from, to, options)
    prober.#launch()
    return prober
  }

  /** Packets so far by sequence. An unanswered one of the last second may still be answered. */
  get packets(): readonly Packet[] {
    return [...this.#packets.entries()].sort(([a], [b]) => a - b).map(([, packet]) => packet)
  }

  /** What happened to the traffic since `options.onset`. */
  report(options: OutageOptions): OutageReport {
    const recent = Date.now() - GRACE_MS
    const open = this.packets.findIndex((packet) => !packet.answered && packet.sentAt >= recent)
    // A run of answers does not reach over a packet whose answer is still awaited.
    const settled = open < 0 ? this.packets : this.packets.slice(0, open)
    return outageOf(settled, { intervalMs: this.intervalMs, ...options })
  }

  /**
   * Until traffic broke and healed again, or until the signal aborts: then the report says that it never healed
   * (`healedAt` undefined), it does not reject.
   */
  async waitHealed(options: OutageOptions, signal: AbortSignal): Promise<OutageReport> {
    for (;;) {
      const report = this.report(options)
      if (report.healedAt !== undefined || signal.aborted) return report
      await delay(50, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Until `count` answers in a row. Rejects with the signal's reason. */
  async waitSteady(count: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      const last = this.packets.slice(-count - 1, -1)
      if (last.length === count && last.every((packet) => packet.answered)) return
      await delay(50, undefined, { signal })
    }
  }

  /** A second call does nothing. */
  async stop(): Promise<void> {
    this.#stopped = true
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGKILL')
    await ended
  }

  #launch(): void {
    const ping = ['ping', '-6', '-n', '-D', '-O', '-i', String(this.intervalMs / 1000)]
    const argv = [`--net=/run/netns/${this.#from.netns}`, ...ping, '-s', String(this.#bytes)]
    const child = spawn('nsenter', [...argv, this.#to.address], { stdio: ['ignore', 'pipe', 'ignore'] })
    this.#child = child
    track(child)
    this.#base = this.#last
    createInterface({ input: child.stdout }).on('line', (text) => this.#read(text))
    child.on('error', () => undefined)
    child.once('close', () => {
      if (!this.#stopped) setTimeout(() => !this.#stopped && this.#launch(), 100).unref()
    })
  }

  #read(line: string): void {
    const match =
      /^\[(\d+\.\d+)\] (no answer yet for|.*bytes from .*) ?icmp_seq=(\d+)(?:.* time=([\d.]+) ms)?/.exec(line)
    if (!match) return
    const [, at = '', , seqText = '', rtt] = match
    const seq = this.#unwrap(Number(seqText))
    const time = Number(at) * 1000
    if (rtt !== undefined) {
      this.#packets.set(seq, { sentAt: time - Number(rtt), answered: true, rttMs: Number(rtt) })
    } else if (!this.#packets.has(seq)) {
      // ping says so when it sends the next one.
      this.#packets.set(seq, { sentAt: time - this.intervalMs, answered: false, rttMs: undefined })
    }
    this.#last = Math.max(this.#last, seq)
  }

  /** The nearest to the last one of all numbers with these 16 bits. */
  #unwrap(seq: number): number {
    const wraps = Math.round((this.#last - this.#base - seq) / 65536)
    return this.#base + seq + Math.max(0, wraps) * 65536
  }
}
