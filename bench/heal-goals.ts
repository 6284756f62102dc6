import type { BenchGoal, BenchRow } from './report.ts'

const LIMITS: Readonly<Record<string, number>> = {
  'silent-cut': 3,
  'black-hole': 5,
  'grey-forwarding': 5,
  'forwarding-off': 5,
  'daemon-killed': 5,
  'daemon-stopped': 5,
  'daemon-killed (destination)': 5,
  'daemon-stopped (destination)': 5,
  'mtu-black-hole': 5,
  'loss-20': 5,
  'loss-50': 5,
  'congested-link': 5,
  'route-hijack': 5,
}

/** Median time to repair with the swarm, and how much faster it is than one agent with ten incidents at once. */
export function healGoals(rows: readonly BenchRow[]): BenchGoal[] {
  const goals: BenchGoal[] = []
  for (const row of rows) {
    const fault = row.case.replace(/^\d+ nodes, /, '')
    const limit = LIMITS[fault]
    if (row.subject !== 'swarm' || row.metric !== 'mttr_s' || limit === undefined) continue
    const met = row.median !== null && row.median <= limit
    goals.push({ id: `mttr ${row.case}`, goal: `<= ${limit}`, value: row.median, unit: 's', met })
  }
  for (const row of rows.filter((one) => one.case.endsWith('ten at once') && one.subject === 'swarm')) {
    const alone = rows.find((one) => one.case === row.case && one.subject === 'one agent')?.median
    if (alone === undefined) continue
    const value = alone === null || row.median === null ? null : alone / row.median
    goals.push({
      id: `speed-up ${row.case}`,
      goal: '>= 4.5',
      value,
      unit: 'x',
      met: value !== null && value >= 4.5,
    })
  }
  return goals
}
