import type { NodeId, Result } from '../core/index.ts'
import type { MeshSnapshot, ProbeRequest, ProbeResult } from '../mesh/index.ts'
import { detectCosts } from './detect/costs.ts'
import { detectDaemons } from './detect/daemons.ts'
import { detectLinks, pendingDeadLinks } from './detect/links.ts'
import { RouteWatch } from './detect/no-routes.ts'
import { OriginatorWatch } from './detect/originators.ts'
import type { Symptom } from './detect/symptom.ts'
import { detectTransit } from './detect/transit.ts'
import { type HealthBook, pairKey } from './health/health-book.ts'
import { linkProbes, pairProbes, transitPairs } from './health/probe-plan.ts'
import type { MapekOptions } from './options.ts'
import type { MapekComponents } from './ports.ts'
import type { QuarantineBook } from './remedy/quarantine.ts'

const PAIRS_REFRESH_MS = 600
/** One agent in so many probes in one round: rounds may overlap, and others must find an agent that is free. */
const AGENTS_PER_MONITOR = 6

/**
 * Watches the mesh in rounds: every monitor probes its share of the nodes, then the detectors read the book. A round
 * does not wait for the packets of the one before: lost ones are known to be lost only when their time is over.
 */
export class Monitor {
  readonly #components: Pick<MapekComponents, 'eyes' | 'workforce' | 'clock' | 'record'>
  readonly #options: MapekOptions
  readonly #book: HealthBook
  readonly #quarantines: Pick<QuarantineBook, 'drainedNodes'>
  readonly #originators = new OriginatorWatch()
  readonly #routes = new RouteWatch()
  #pairsAt = Number.NEGATIVE_INFINITY
  #round = 0
  #judged: Promise<unknown> = Promise.resolve()

  constructor(
    components: Pick<MapekComponents, 'eyes' | 'workforce' | 'clock' | 'record'> & {
      readonly book: HealthBook
      readonly quarantines: Pick<QuarantineBook, 'drainedNodes'>
    },
    options: MapekOptions,
  ) {
    this.#components = components
    this.#book = components.book
    this.#quarantines = components.quarantines
    this.#options = options
  }

  /** Sends the probes of one round; the pace of rounds is the caller's. Rounds are judged in the order of their start. */
  async begin(signal: AbortSignal): Promise<RoundUnderWay> {
    const { eyes, workforce, clock } = this.#components
    const before = await eyes.snapshot(signal)
    this.#book.observe(before, clock.now())
    this.#refreshPairs(before)
    const requests = [
      ...linkProbes(before, this.#book, this.#options, this.#round),
      ...pairProbes(this.#book.pairs(), this.#options),
    ]
    this.#round += 1
    const monitors = Math.max(1, Math.floor(workforce.size / AGENTS_PER_MONITOR))
    const shares = shareBySender(requests, Math.min(monitors, before.nodes.size))
    const sentAt = clock.now()
    const answers = workforce.fanOut('monitor', shares, (_agent, share, s) => eyes.probe(share, s), signal)
    const judged = this.#judged.then(async () => this.#judge(await answers, sentAt, signal))
    this.#judged = judged.catch(() => undefined)
    return { probes: requests.length, judged }
  }

  async #judge(
    answers: readonly Result<readonly ProbeResult[]>[],
    sentAt: number,
    signal: AbortSignal,
  ): Promise<MonitorRound> {
    const { eyes, clock, record } = this.#components
    for (const answer of answers)
      if (!answer.ok && !signal.aborted) record({ kind: 'monitor-trouble', text: answer.error.message })
    this.#book.recordRound(
      answers.flatMap((answer) => (answer.ok ? answer.value : [])),
      sentAt,
    )
    const after = await eyes.snapshot(signal)
    this.#book.observe(after, clock.now())
    return {
      snapshot: after,
      symptoms: this.#detect(after),
      pendingDead: this.#pendingDead(after),
      unsettled: this.#routes.unsettled(this.#options.unsettledMs, clock.now()),
    }
  }

  #refreshPairs(snapshot: MeshSnapshot): void {
    const now = this.#components.clock.now()
    if (now - this.#pairsAt < PAIRS_REFRESH_MS) return
    this.#pairsAt = now
    const pairs = transitPairs(snapshot, this.#options)
    for (const { from, to } of pairs)
      this.#book.pair(from, to, now).follow(snapshot.routes.path(from, to), now)
    this.#book.keepPairs(new Set(pairs.map(({ from, to }) => pairKey(from, to))))
  }

  #detect(snapshot: MeshSnapshot): readonly Symptom[] {
    const now = this.#components.clock.now()
    return [
      ...detectLinks(snapshot, this.#book, this.#options),
      ...detectTransit(snapshot, this.#book, this.#options, now),
      ...detectDaemons(snapshot, this.#book, this.#options, now),
      ...this.#originators.detect(snapshot, this.#options, now),
      ...this.#routes.detect(snapshot, this.#book, this.#options, now, this.#quarantines.drainedNodes()),
      ...detectCosts(snapshot, this.#book, this.#options, now),
    ]
  }

  #pendingDead(snapshot: MeshSnapshot) {
    return pendingDeadLinks(snapshot, this.#book, this.#options).map(({ id }) => id)
  }
}

export interface RoundUnderWay {
  readonly probes: number
  /** What is wrong now, when its probes and those of the rounds before it have come in or are lost. */
  readonly judged: Promise<MonitorRound>
}

export interface MonitorRound {
  readonly snapshot: MeshSnapshot
  readonly symptoms: readonly Symptom[]
  readonly pendingDead: MonitorPending
  /** Pairs that have been without a route for some time, though links join them. */
  readonly unsettled: number
}

type MonitorPending = ReturnType<typeof pendingDeadLinks>[number]['id'][]

/** Each monitor takes the probes that its nodes send; a node is always in one share. */
function shareBySender(requests: readonly ProbeRequest[], shares: number): ProbeRequest[][] {
  const senders = [...new Set(requests.map(({ from }) => from))].toSorted()
  const shareOf = new Map<NodeId, number>(
    senders.map((node, index) => [node, Math.floor((index * shares) / senders.length)]),
  )
  const parts: ProbeRequest[][] = Array.from({ length: shares }, () => [])
  for (const request of requests) parts[shareOf.get(request.from) ?? 0]?.push(request)
  return parts.filter((part) => part.length > 0)
}
