import type { MeshSnapshot } from '../../mesh/index.ts'
import type { HealthBook } from '../health/health-book.ts'
import type { MapekOptions } from '../options.ts'
import type { Symptom } from './symptom.ts'

const FACTOR = 3

/**
 * Interfaces whose announced cost has moved far from what it was and stays there, though the link under it is as good
 * as ever. A daemon that measures its links announces many times the cost until its history of hellos has filled up
 * again, and another cost after each hello.
 */
export function detectCosts(
  snapshot: MeshSnapshot,
  book: HealthBook,
  options: MapekOptions,
  now: number,
): Symptom[] {
  const symptoms: Symptom[] = []
  for (const link of snapshot.links.values()) {
    if (book.both(link).some((direction) => direction.verdict(options) !== 'healthy')) continue
    for (const side of [link.a, link.b]) {
      if (side.iface === undefined) continue
      const iface = snapshot.nodes.get(side.node)?.interfaces.find(({ name }) => name === side.iface)
      const nominal = book.nominalCost(side.node, side.iface)
      if (!iface?.rxcost.known || nominal === undefined) continue
      const cost = iface.rxcost.value
      if (cost < nominal * FACTOR && cost * FACTOR > nominal) continue
      const onset = book.costSince(side.node, side.iface) ?? now
      if (now - onset < options.costSteadyMs) continue
      symptoms.push({
        kind: 'cost-changed',
        key: `cost:${side.node}/${side.iface}`,
        node: side.node,
        iface: side.iface,
        onset,
        cost,
        nominal,
      })
    }
  }
  return symptoms
}
