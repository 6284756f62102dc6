import type { Random } from '../../src/core/index.ts'

/** A real incident of some size: many nodes of two regions are broken, and everybody there has four times the work. */
export interface Crisis {
  readonly from: number
  readonly to: number
  readonly regions: readonly [number, number]
}

const HOUR_MS = 3_600_000
const CRISIS_MS = 20 * 60_000
/** Activity of the agents of a region in a crisis, by that of a quiet hour. */
const CRISIS_ACTIVITY = 4

/** One an hour, at any time of it. */
export function crisesOf(random: Random, untilMs: number, regions: number): readonly Crisis[] {
  return Array.from({ length: Math.ceil(untilMs / HOUR_MS) }, (_, hour) => {
    const from = hour * HOUR_MS + random.next() * (HOUR_MS - CRISIS_MS)
    const first = random.int(regions)
    return { from, to: from + CRISIS_MS, regions: [first, (first + 1) % regions] as const }
  })
}

export function activityOf(crises: readonly Crisis[], region: number, at: number): number {
  const hit = crises.some(({ from, to, regions }) => at >= from && at < to && regions.includes(region))
  return hit ? CRISIS_ACTIVITY : 1
}
