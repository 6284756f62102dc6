import { ruledTable } from './ruled-table.ts'
import type { DrillRow } from './sim-drill.ts'
import type { TrialResult } from './trial.ts'

/** One table for the end of a drill: what broke, when it was seen and healed, what was done, and what without us. */
export function drillTable(rows: readonly DrillRow[]): string {
  const header = ['fault', 'at', 'detected', 'healed', 'lost', 'action taken', 'the network alone']
  const lines = rows.map(({ swarm, alone }) => [
    faultName(swarm),
    swarm.target,
    seconds(swarm.detectedAfterMs),
    swarm.untouched ? 'nothing lost' : seconds(swarm.healedAfterMs),
    String(swarm.lost),
    `${swarm.outcome ?? 'open'}: ${clipped(swarm.verdict, 60)}`,
    aloneText(alone),
  ])
  return ruledTable(header, lines)
}

function faultName({ fault, role }: TrialResult): string {
  return role === 'destination' ? `${fault} (destination)` : fault
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? 'never' : `${(ms / 1000).toFixed(1)} s`
}

function aloneText(alone: TrialResult | undefined): string {
  if (!alone) return 'see bench/heal'
  const share = alone.sent === 0 ? 0 : Math.round((100 * alone.lost) / alone.sent)
  if (alone.untouched) return 'its way did not cross the place'
  if (alone.healedAfterMs === undefined)
    return `not healed in ${Math.round(alone.watchedMs / 1000)} s, ${share} % lost`
  return `healed after ${seconds(alone.healedAfterMs)}, ${alone.lost} lost`
}

function clipped(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}
