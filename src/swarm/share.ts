/**
 * Divides items among owners: no owner gets more than its even share, rounded up; the division does not depend
 * on the order of either, and changes little when an owner or an item comes or goes (rendezvous hashing with
 * bounded loads: each item goes to the owner that it scores highest among those with room). Each part keeps the
 * order given. `key` tells items apart.
 */
export function share<O extends string, I>(
  owners: readonly O[],
  items: readonly I[],
  key: (item: I) => string,
): ReadonlyMap<O, readonly I[]> {
  const room = Math.ceil(items.length / owners.length)
  const loads = new Map<O, number>()
  const ownerOf = new Map<I, O>()
  const sorted = items.map((item) => ({ item, text: key(item) })).sort((a, b) => (a.text < b.text ? -1 : 1))
  for (const { item, text } of sorted) {
    let best: O | undefined
    let bestScore = -1
    for (const owner of owners) {
      const value = score(`${owner}/${text}`)
      if ((loads.get(owner) ?? 0) < room && value > bestScore) {
        best = owner
        bestScore = value
      }
    }
    if (best === undefined) continue
    ownerOf.set(item, best)
    loads.set(best, (loads.get(best) ?? 0) + 1)
  }
  const parts = new Map<O, I[]>(owners.map((owner) => [owner, []]))
  for (const item of items) {
    const owner = ownerOf.get(item)
    if (owner !== undefined) parts.get(owner)?.push(item)
  }
  return parts
}

/** FNV-1a with murmur3's finaliser: 32 bits. */
function score(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
