/** One entry of a file that lists directions, by index. */
export interface Direction {
  readonly from: string
  readonly to: string
  /** An entry that is known to be a whole link is never paired. */
  readonly whole: boolean
}

/** A link of one entry, or of two that are each other's reverse. */
export interface Pairing {
  readonly forward: number
  readonly backward?: number
}

/**
 * Joins A -> B with B -> A into one link where each is there exactly once; everything else is a link by itself
 * (parallel links cannot be told apart). In the order of the first entry.
 */
export function pairDirections(directions: readonly Direction[]): Pairing[] {
  const key = (from: string, to: string) => JSON.stringify([from, to])
  const byEnds = new Map<string, number[]>()
  directions.forEach(({ from, to, whole }, index) => {
    if (whole) return
    const same = byEnds.get(key(from, to))
    if (same === undefined) byEnds.set(key(from, to), [index])
    else same.push(index)
  })
  const pairings: Pairing[] = []
  directions.forEach(({ from, to, whole }, index) => {
    const forward = byEnds.get(key(from, to)) ?? []
    const backward = byEnds.get(key(to, from)) ?? []
    const [reverse] = backward
    const paired = !whole && from !== to && forward.length === 1 && backward.length === 1
    if (!paired || reverse === undefined) pairings.push({ forward: index })
    else if (index < reverse) pairings.push({ forward: index, backward: reverse })
  })
  return pairings
}
