import type { Verdict } from './verdict.ts'

/** Alarms that are kept for a person at once. Whoever has a token can raise them; the oldest make room. */
const MOST_ALARMS = 100

/** Of the verdicts that nobody has lifted, oldest first, those that stand: every suspension, and the latest alarms. */
export function standingOf(verdicts: readonly Verdict[]): readonly Verdict[] {
  const alarms = verdicts.filter(({ suspended }) => suspended.length === 0)
  const stale = new Set(alarms.slice(0, -MOST_ALARMS))
  return verdicts.filter((verdict) => !stale.has(verdict))
}
