import type { NodeId } from '../../core/index.ts'
import type { MeshSnapshot } from '../../mesh/index.ts'
import type { MapekOptions } from '../options.ts'
import type { Symptom } from './symptom.ts'

/**
 * Addresses that two live nodes announce. The router id of a daemon that has just restarted lingers in the
 * tables of others: an id that belongs to no live node is old, not hostile.
 */
export class OriginatorWatch {
  readonly #since = new Map<string, number>()

  detect(snapshot: MeshSnapshot, options: MapekOptions, now: number): Symptom[] {
    const byRouterId = routerIds(snapshot)
    const seen = new Set<string>()
    const symptoms: Symptom[] = []
    for (const victim of snapshot.nodes.values()) {
      const originators = snapshot.routes.originatorsOf(victim.id)
      if (originators.size < 2 && victim.routerId.known && originators.has(victim.routerId.value)) continue
      for (const [routerId, believers] of originators) {
        const announcer = byRouterId.get(routerId)
        if (announcer === undefined || announcer === victim.id || victim.address === undefined) continue
        const key = `originator:${victim.id}:${announcer}`
        seen.add(key)
        const onset = this.#since.get(key) ?? now
        this.#since.set(key, onset)
        if (now - onset < options.conflictGraceMs) continue
        const prefix = `${victim.address}/${victim.address.includes(':') ? 128 : 32}`
        symptoms.push({
          kind: 'foreign-originator',
          key,
          victim: victim.id,
          prefix,
          announcer,
          onset,
          believers,
        })
      }
    }
    for (const key of this.#since.keys()) if (!seen.has(key)) this.#since.delete(key)
    return symptoms
  }
}

function routerIds(snapshot: MeshSnapshot): Map<string, NodeId> {
  const ids = new Map<string, NodeId>()
  for (const node of snapshot.nodes.values()) if (node.routerId.known) ids.set(node.routerId.value, node.id)
  return ids
}
