// The rule: generated communities look like one: connected, with a redundant backbone, leaves and gateways.
import { expect, test } from 'vitest'
import { communityTopology } from '../../../lab/sim/index.ts'
import { seededRandom } from '../../../src/core/index.ts'

test.each([1, 2, 3, 4, 5])('community %i', (seed) => {
  const topology = communityTopology(seededRandom(seed))
  expect(communityTopology(seededRandom(seed))).toEqual(topology)
  expect(topology.nodes.length).toBe(100)
  const gateways = topology.nodes.filter(({ gateway }) => gateway)
  expect(gateways.length).toBeGreaterThanOrEqual(1)
  expect(gateways.length).toBeLessThanOrEqual(3)
  const degree = new Map<string, number>()
  for (const { a, b } of topology.links) for (const id of [a, b]) degree.set(id, (degree.get(id) ?? 0) + 1)
  const leaves = topology.nodes.filter(({ id }) => degree.get(id) === 1)
  expect(leaves.length).toBeGreaterThan(3)
  expect(leaves.length).toBeLessThan(20)
  // No single link but a leaf's holds the mesh together.
  for (const link of topology.links) {
    if ([link.a, link.b].some((id) => degree.get(id) === 1)) continue
    expect(reachable(topology.links.filter((other) => other !== link))).toBe(100)
  }
})

function reachable(links: readonly { readonly a: string; readonly b: string }[]): number {
  const found = new Set(['n1'])
  for (const id of found) {
    for (const { a, b } of links) {
      if (a === id) found.add(b)
      if (b === id) found.add(a)
    }
  }
  return found.size
}
