import type { NodeId } from '../core/index.ts'
import type { MeshSnapshot, ProbeRequest } from '../mesh/index.ts'
import { detectCosts } from './detect/costs.ts'
import { detectDaemons } from './detect/daemons.ts'
import { detectLinks, pendingDeadLinks } from './detect/links.ts'
import { RouteWatch } from './detect/no-routes.ts'
import { OriginatorWatch } from './detect/originators.ts'
import type { Symptom } from './detect/symptom.ts'
import { detectTransit } from './detect/transit.ts'
import { type HealthBook, pairKey } from './health/health-book.ts'
import { linkProbes, type NodePair, pairProbes, transitPairs } from './health/probe-plan.ts'
import type { MapekOptions } from './options.ts'
import type { MapekComponents } from './ports.ts'

const PAIRS_REFRESH_MS = 600

/** Watches the mesh in rounds: every monitor probes its share of the nodes, then the detectors read the book. */
export class Monitor {
  readonly #components: Pick<MapekComponents, 'eyes' | 'workforce' | 'clock' | 'record'>
  readonly #options: MapekOptions
  readonly #book: HealthBook
  readonly #originators = new OriginatorWatch()
  readonly #routes = new RouteWatch()
  #pairs: readonly NodePair[] = []
  #pairsAt = Number.NEGATIVE_INFINITY
  #round = 0

  constructor(
    components: Pick<MapekComponents, 'eyes' | 'workforce' | 'clock' | 'record'> & {
      readonly book: HealthBook
    },
    options: MapekOptions,
  ) {
    this.#components = components
    this.#book = components.book
    this.#options = options
  }

  /** One round: probes out, probes in. Resolves with what is wrong now; the pace of rounds is the caller's. */
  async round(signal: AbortSignal): Promise<MonitorRound> {
    const { eyes, workforce, clock, record } = this.#components
    const before = await eyes.snapshot(signal)
    this.#book.observe(before, clock.now())
    this.#refreshPairs(before)
    const requests = [
      ...linkProbes(before, this.#book, this.#options, this.#round),
      ...pairProbes(this.#pairs, this.#options),
    ]
    this.#round += 1
    const shares = shareBySender(requests, Math.min(workforce.size, before.nodes.size))
    const sentAt = clock.now()
    const results = await workforce.fanOut(
      'monitor',
      shares,
      (_agent, share, s) => eyes.probe(share, s),
      signal,
    )
    for (const result of results) {
      if (result.ok) for (const probe of result.value) this.#book.record(probe, sentAt)
      else if (!signal.aborted) record({ kind: 'monitor-trouble', text: result.error.message })
    }
    const after = await eyes.snapshot(signal)
    this.#book.observe(after, clock.now())
    return {
      snapshot: after,
      probes: requests.length,
      symptoms: this.#detect(after),
      pendingDead: this.#pendingDead(after),
      unsettled: this.#routes.unsettled(this.#options.unsettledMs, clock.now()),
    }
  }

  #refreshPairs(snapshot: MeshSnapshot): void {
    const now = this.#components.clock.now()
    if (now - this.#pairsAt < PAIRS_REFRESH_MS) return
    this.#pairsAt = now
    this.#pairs = transitPairs(snapshot, this.#options)
    for (const { from, to } of this.#pairs)
      this.#book.pair(from, to, now).follow(snapshot.routes.path(from, to), now)
    this.#book.keepPairs(new Set(this.#pairs.map(({ from, to }) => pairKey(from, to))))
  }

  #detect(snapshot: MeshSnapshot): readonly Symptom[] {
    const now = this.#components.clock.now()
    return [
      ...detectLinks(snapshot, this.#book, this.#options),
      ...detectTransit(snapshot, this.#book, this.#options, now),
      ...detectDaemons(snapshot, this.#book, this.#options, now),
      ...this.#originators.detect(snapshot, this.#options, now),
      ...this.#routes.detect(snapshot, this.#book, this.#options, now),
      ...detectCosts(snapshot, this.#book, this.#options, now),
    ]
  }

  #pendingDead(snapshot: MeshSnapshot) {
    return pendingDeadLinks(snapshot, this.#book, this.#options).map(({ id }) => id)
  }
}

export interface MonitorRound {
  readonly snapshot: MeshSnapshot
  readonly probes: number
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
