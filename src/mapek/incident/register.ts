import { type IdSource, type IncidentId, incidentId, type LinkId } from '../../core/index.ts'
import type { MeshSnapshot } from '../../mesh/index.ts'
import type { MapekOptions } from '../options.ts'
import type { QuarantineBook } from '../remedy/quarantine.ts'
import type { DetectedRoot, Incident } from './incident.ts'

/** The routing has come to rest when nothing was repaired and no route was missing for so long. */
const CALM_MS = 1000
/** Loss of this share is no side effect of routes that move. */
const TOTAL = 0.9

interface Entry {
  readonly incident: Incident
  readonly closed: boolean
  lastSeenAt: number
}

/**
 * Which roots are new, which are known. A closed incident whose symptoms last (escalated, advised) is not opened
 * again; it is forgotten when they have been away for a while.
 */
export class IncidentRegister {
  readonly #entries = new Map<string, Entry>()
  readonly #waiting = new Map<string, number>()
  #restlessAt = Number.NEGATIVE_INFINITY
  readonly #options: MapekOptions
  readonly #ids: IdSource

  constructor({ ids }: { readonly ids: IdSource }, options: MapekOptions) {
    this.#ids = ids
    this.#options = options
  }

  open(): readonly Incident[] {
    return [...this.#entries.values()].filter(({ closed }) => !closed).map(({ incident }) => incident)
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
    this.#forget(roots, now)
    if (mesh.unsettled > 0 || this.open().length > 0) this.#restlessAt = now
    const opened: Incident[] = []
    for (const detected of roots) {
      const { key } = detected.root
      const known = this.#entries.get(key)
      if (known) known.lastSeenAt = now
      if (known || quarantines.has(key) || this.#covered(detected, mesh.snapshot, quarantines, now)) continue
      if (this.#mustWait(detected, mesh.pendingDead, now)) continue
      const incident = { ...detected, id: incidentId(this.#ids.next('incident')), openedAt: now }
      this.#entries.set(key, { incident, closed: false, lastSeenAt: now })
      opened.push(incident)
    }
    return opened
  }

  persists(incident: Incident, now: number): boolean {
    const entry = this.#entries.get(incident.root.key)
    return entry !== undefined && now - entry.lastSeenAt <= 2.5 * this.#options.tickMs
  }

  close(id: IncidentId): void {
    for (const [key, entry] of this.#entries) {
      if (entry.incident.id === id) this.#entries.set(key, { ...entry, closed: true })
    }
  }

  #forget(roots: readonly DetectedRoot[], now: number): void {
    const present = new Set(roots.map(({ root }) => root.key))
    for (const [key, entry] of this.#entries) {
      const away = now - entry.lastSeenAt
      if (entry.closed && !present.has(key) && away > this.#options.windowTicks * this.#options.tickMs) {
        this.#entries.delete(key)
      }
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

  /** While another repair is under way, costs move for its sake. */
  #costsAreMoving(): boolean {
    return this.open().some(({ root }) => root.kind !== 'cost')
  }

  #mustWait({ root }: DetectedRoot, pendingDead: readonly LinkId[], now: number): boolean {
    if (root.kind === 'cost') return now - this.#waitingSince(root.key, now) < this.#options.correlateMs * 2
    // While routes move, packets are lost at nodes that are sound. What lasts is looked at again.
    if (root.kind === 'transit' && root.symptom.lossRate < TOTAL && now - this.#restlessAt < CALM_MS) {
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
