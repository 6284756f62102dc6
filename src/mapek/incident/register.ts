import { type IdSource, type IncidentId, incidentId, type LinkId } from '../../core/index.ts'
import type { MeshSnapshot } from '../../mesh/index.ts'
import { TOTAL_SHARE } from '../detect/transit.ts'
import { pairKey } from '../health/health-book.ts'
import type { NodePair } from '../health/probe-plan.ts'
import type { MapekOptions } from '../options.ts'
import type { QuarantineBook } from '../remedy/quarantine.ts'
import type { DetectedRoot, Incident, Outcome } from './incident.ts'

/** The routing has come to rest when nothing was repaired and no route was missing for so long. */
const CALM_MS = 1000

/** Rounds for which a symptom may be away and still be the same: windows that refill say nothing for a moment. */
const BLINK_ROUNDS = 1

interface Entry {
  readonly incident: Incident
  /** What the latest round that saw it says of it. */
  latest: DetectedRoot
  lastSeenRound: number
  /** Undefined while it is in work. */
  closed: { readonly outcome: Outcome; readonly round: number } | undefined
}

/**
 * Which roots are new, which are known. Time is counted in rounds of probes: on a busy machine they are rarer, and a
 * symptom is not gone because nobody has looked. A closed incident is forgotten when its symptoms have been away for
 * a whole window. While they last it is not opened again where a person was told (escalated, advised, observed); one
 * that was held to be healed or to have gone away is opened anew when a whole window later it is still there.
 */
export class IncidentRegister {
  readonly #entries = new Map<string, Entry>()
  readonly #waiting = new Map<string, number>()
  #restlessAt = Number.NEGATIVE_INFINITY
  #round = 0
  readonly #options: MapekOptions
  readonly #ids: IdSource

  constructor({ ids }: { readonly ids: IdSource }, options: MapekOptions) {
    this.#ids = ids
    this.#options = options
  }

  open(): readonly Incident[] {
    return [...this.#entries.values()]
      .filter(({ closed }) => closed === undefined)
      .map(({ incident }) => incident)
  }

  /**
   * Takes in one round's roots and returns those to open now. `pendingDead` are links that may turn out dead in
   * the next rounds: dead ones wait for them, `correlateMs` at most, because the cause may be a larger one.
   */
  update(
    roots: readonly DetectedRoot[],
    mesh: {
      readonly snapshot: MeshSnapshot
      readonly pendingDead: readonly LinkId[]
      readonly unsettled: number
    },
    quarantines: QuarantineBook,
    now: number,
  ): readonly Incident[] {
    this.#round += 1
    this.#forget(roots)
    if (mesh.unsettled > 0 || this.open().length > 0) this.#restlessAt = now
    const opened: Incident[] = []
    for (const detected of roots) {
      const { key } = detected.root
      const known = this.#entries.get(key)
      if (known) {
        known.latest = detected
        known.lastSeenRound = this.#round
      }
      if (known && !this.#isBack(known, mesh.snapshot)) continue
      if (quarantines.has(key) || this.#covered(detected, mesh.snapshot, quarantines, now)) continue
      if (this.#mustWait(detected, mesh.pendingDead, now)) continue
      const repairs = (known?.incident.repairs ?? 0) + (known?.closed?.outcome === 'healed' ? 1 : 0)
      const incident = { ...detected, id: incidentId(this.#ids.next('incident')), openedAt: now, repairs }
      this.#entries.set(key, { incident, latest: detected, lastSeenRound: this.#round, closed: undefined })
      opened.push(incident)
    }
    return opened
  }

  /** The incident as the newest rounds see it; undefined when its symptoms have gone away. */
  latest(incident: Incident): Incident | undefined {
    const entry = this.#entries.get(incident.root.key)
    if (entry?.incident.id !== incident.id || this.#round - entry.lastSeenRound > BLINK_ROUNDS)
      return undefined
    return { ...incident, ...entry.latest, onset: incident.onset }
  }

  close(id: IncidentId, outcome: Outcome): void {
    for (const entry of this.#entries.values()) {
      if (entry.incident.id === id) entry.closed = { outcome, round: this.#round }
    }
  }

  /** It was closed as good, and a whole window measured since then shows that it is not. */
  #isBack({ closed, latest: { root } }: Entry, snapshot: MeshSnapshot): boolean {
    if (closed === undefined || this.#round - closed.round <= this.#options.windowTicks) return false
    if (closed.outcome === 'healed') return true
    // A bad link that the routing has left by itself is nobody's trouble until traffic returns to it.
    return closed.outcome === 'recovered' && (root.kind !== 'link' || isUsed(snapshot, root.symptom.link))
  }

  #forget(roots: readonly DetectedRoot[]): void {
    const present = new Set(roots.map(({ root }) => root.key))
    for (const [key, { closed, lastSeenRound }] of this.#entries) {
      const away = this.#round - lastSeenRound
      if (closed && !present.has(key) && away > this.#options.windowTicks) this.#entries.delete(key)
    }
    for (const key of this.#waiting.keys()) if (!present.has(key)) this.#waiting.delete(key)
  }

  /** Links that are kept off already, and links that an open incident with a larger root explains. */
  #covered(
    { root }: DetectedRoot,
    snapshot: MeshSnapshot,
    quarantines: QuarantineBook,
    now: number,
  ): boolean {
    if (root.kind === 'transit') return quarantines.has(`node:${root.symptom.node}`)
    if (root.kind === 'cost') {
      const { node, iface } = root.symptom
      return quarantines.ownsInterface(node, iface, now) || this.#costsAreMoving()
    }
    if (root.kind === 'no-route') return this.#inWork(root.symptom.pairs)
    if (root.kind !== 'link') return false
    const link = snapshot.links.get(root.symptom.link)
    if (!link) return true
    const ends = [link.a.node, link.b.node]
    if (quarantines.coversLink(link.id, ends)) return true
    return [...this.#entries.values()].some(({ incident }) => {
      const open = incident.root
      if (open.kind === 'node-unreachable') return open.links.includes(link.id)
      return open.kind === 'split' && open.cut.includes(link.id)
    })
  }

  /** Missing routes may be blamed on another node in the next round, and are the same ones still. */
  #inWork(pairs: readonly NodePair[]): boolean {
    const known = this.open().flatMap(({ root }) => (root.kind === 'no-route' ? root.symptom.pairs : []))
    const keys = new Set(known.map(({ from, to }) => pairKey(from, to)))
    return pairs.every(({ from, to }) => keys.has(pairKey(from, to)))
  }

  /** While another repair is under way, costs move for its sake. */
  #costsAreMoving(): boolean {
    return this.open().some(({ root }) => root.kind !== 'cost')
  }

  #mustWait({ root }: DetectedRoot, pendingDead: readonly LinkId[], now: number): boolean {
    if (root.kind === 'cost') return now - this.#waitingSince(root.key, now) < this.#options.correlateMs * 2
    // While routes move, packets are lost at nodes that are sound. What lasts is looked at again.
    if (root.kind === 'transit' && root.symptom.lossRate < TOTAL_SHARE && now - this.#restlessAt < CALM_MS) {
      return now - this.#waitingSince(root.key, now) < this.#options.restlessMs
    }
    const fromDeadLinks =
      root.kind === 'split' ||
      root.kind === 'node-unreachable' ||
      (root.kind === 'link' && root.symptom.trouble === 'dead')
    if (!fromDeadLinks || pendingDead.length === 0) return false
    return now - this.#waitingSince(root.key, now) < this.#options.correlateMs
  }

  #waitingSince(key: string, now: number): number {
    const since = this.#waiting.get(key) ?? now
    this.#waiting.set(key, since)
    return since
  }
}

/** Whether any route runs over the link. */
function isUsed({ links, nodes, routes }: MeshSnapshot, id: LinkId): boolean {
  const link = links.get(id)
  if (!link) return false
  const [a, b] = [link.a.node, link.b.node]
  return [...nodes.keys()].some((to) => routes.nextHop(a, to) === b || routes.nextHop(b, to) === a)
}
