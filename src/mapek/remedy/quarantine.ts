import type { IncidentId, LinkId, NodeId } from '../../core/index.ts'
import type { MeshAction, MeshSnapshot } from '../../mesh/index.ts'
import type { HealthBook } from '../health/health-book.ts'
import type { MapekOptions } from '../options.ts'

/** Something that traffic is kept off, and what gives it back. */
export interface Quarantine {
  readonly key: string
  readonly incident: IncidentId
  readonly link: LinkId | undefined
  readonly node: NodeId | undefined
  readonly since: number
  /** How long it must be good, or at least has to wait, before it is given back. */
  readonly holdMs: number
  readonly undo: readonly MeshAction[]
}

/** After this a cost that is not as configured is nobody's but a person's, or an accident. */
const COST_SETTLE_MS = 30_000

/** The book of what is kept off, so that it is neither reported again nor forgotten. */
export class QuarantineBook {
  readonly #active = new Map<string, Quarantine>()
  /** How often each key has come back soon after it was given back: doubles its next hold-down. */
  readonly #relapses = new Map<string, { count: number; lastAt: number }>()
  /** Interfaces, and nodes, whose cost was ours until then: daemons take a while to tell the new one. */
  readonly #released = new Map<string, number>()
  readonly #options: MapekOptions

  constructor(options: MapekOptions) {
    this.#options = options
  }

  active(): readonly Quarantine[] {
    return [...this.#active.values()]
  }

  has(key: string): boolean {
    return this.#active.has(key)
  }

  /** Nodes that traffic is kept off. */
  drainedNodes(): ReadonlySet<NodeId> {
    return new Set(this.active().flatMap(({ node }) => node ?? []))
  }

  coversLink(link: LinkId, ends: readonly NodeId[]): boolean {
    for (const entry of this.#active.values()) {
      if (entry.link === link) return true
      if (entry.node !== undefined && ends.includes(entry.node)) return true
    }
    return false
  }

  /** Interfaces whose cost is ours for the moment: nobody else's misconfiguration. */
  ownsInterface(node: NodeId, iface: string, now: number): boolean {
    const released = Math.max(this.#released.get(node) ?? 0, this.#released.get(`${node}/${iface}`) ?? 0)
    if (released > 0 && now - released < COST_SETTLE_MS) return true
    return this.active().some(({ undo }) =>
      undo.some((action) => action.node === node && (!('iface' in action) || action.iface === iface)),
    )
  }

  add(entry: Omit<Quarantine, 'holdMs'>): Quarantine {
    const relapse = this.#relapses.get(entry.key)
    const { holdDownMs, nodeHoldDownMs } = this.#options
    const once = entry.node === undefined ? holdDownMs : nodeHoldDownMs
    const holdMs = once * 2 ** Math.min(relapse?.count ?? 0, 6)
    const quarantine = { ...entry, holdMs }
    this.#active.set(entry.key, quarantine)
    this.#relapses.set(entry.key, { count: (relapse?.count ?? 0) + 1, lastAt: entry.since })
    return quarantine
  }

  /** Takes over what an earlier run left (its journal says so). */
  adopt(entry: Quarantine): void {
    this.#active.set(entry.key, entry)
  }

  remove(key: string, now: number): void {
    for (const action of this.#active.get(key)?.undo ?? []) {
      this.#released.set('iface' in action ? `${action.node}/${action.iface}` : action.node, now)
    }
    this.#active.delete(key)
  }

  /** Entries whose cause has been away for their whole hold-down. */
  due(snapshot: MeshSnapshot, book: HealthBook, now: number): readonly Quarantine[] {
    return this.active().filter((entry) => now - lastTrouble(entry, snapshot, book) >= entry.holdMs)
  }
}

/** A drained node carries nothing that could show its health: only time, and the trial when it is given back. */
function lastTrouble(entry: Quarantine, snapshot: MeshSnapshot, book: HealthBook): number {
  let last = entry.since
  for (const link of snapshot.links.values()) {
    const concerns =
      link.id === entry.link || (entry.node !== undefined && [link.a.node, link.b.node].includes(entry.node))
    if (!concerns) continue
    for (const direction of book.both(link)) last = Math.max(last, direction.lastBadAt ?? 0)
  }
  return last
}
