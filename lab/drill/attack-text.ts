import { LAYERS, type SimulationResult } from '../attack/index.ts'
import type { AttackRow } from './attack-drill.ts'
import { ruledTable } from './ruled-table.ts'

const REFUSALS: Readonly<Record<string, string>> = {
  'out-of-scope': 'outside its capability',
  'own-budget': 'over its own budget',
  unproven: 'without the key of the holder',
  suspended: 'as suspended',
  other: 'over a budget of others, or too late',
}

/** What one attack came to, in a few lines. */
export function attackStory({ attack, results }: AttackRow): string {
  const guarded = results.get('oracle')
  const lines = [
    `--- ${attack.name}: ${attack.words}`,
    reached(results),
    ...(guarded ? stopped(guarded) : []),
  ]
  return lines.join('\n              ')
}

function reached(results: AttackRow['results']): string {
  const parts = LAYERS.map((layer) => {
    const { written = 0, nodes = 0 } = results.get(layer) ?? {}
    return `${layer === 'no control' ? layer : `+ ${layer}`} ${written}`.concat(
      layer === LAYERS[0] ? ` of ${nodes}` : '',
    )
  })
  return `nodes written: ${parts.join(', ')}`
}

function stopped({ verdict, detectedAfterMs, answers, honestSuspended, tries }: SimulationResult): string[] {
  const refused = Object.entries(REFUSALS).flatMap(([answer, words]) => {
    const count = answers.get(answer) ?? 0
    return count === 0 ? [] : [`${count} ${words}`]
  })
  const seen =
    verdict && detectedAfterMs !== undefined
      ? `seen after ${(detectedAfterMs / 1000).toFixed(0)} s: ${verdict.title} (${verdict.suspends === 'nobody' ? 'an alarm, nobody suspended' : `the ${verdict.suspends} is suspended`})`
      : 'not seen: it kept to what it may'
  const innocent =
    honestSuspended.length > 0 ? [`also suspended, and honest: ${honestSuspended.join(', ')}`] : []
  return [
    `${tries} requests; writes refused: ${refused.length > 0 ? refused.join(', ') : 'none'}`,
    seen,
    ...(verdict?.evidence.map(({ text }) => `because ${text}`) ?? []),
    ...innocent,
  ]
}

/** One table for the end of the drill. */
export function attackTable(rows: readonly AttackRow[]): string {
  const header = [
    'attack',
    ...LAYERS.map((layer) => (layer === 'no control' ? layer : `+ ${layer}`)),
    'seen after',
  ]
  const lines = rows.map(({ attack, results }) => {
    const seen = results.get('oracle')?.detectedAfterMs
    return [
      attack.name,
      ...LAYERS.map((layer) => share(results.get(layer))),
      seen === undefined ? 'never' : `${(seen / 1000).toFixed(0)} s`,
    ]
  })
  return ruledTable(header, lines)
}

function share(result: SimulationResult | undefined): string {
  return result === undefined ? '-' : `${((100 * result.written) / result.nodes).toFixed(1)} %`
}
