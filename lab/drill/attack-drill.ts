import {
  ADAPTIVE_ATTACKS,
  ATTACKS,
  type AttackPlan,
  LAYERS,
  type Layer,
  type SimulationResult,
  simulate,
} from '../attack/index.ts'

/** One attack, with more and more of the authority in force. */
export interface AttackRow {
  readonly attack: AttackPlan
  readonly results: ReadonlyMap<Layer, SimulationResult>
}

const HOUR_MS = 3_600_000

/** Every attack on the simulated mesh of 1000 nodes, two hours each, in virtual time. The same seed gives the same drill. */
export async function attackDrill(
  { seed }: { readonly seed: number },
  onRow: (row: AttackRow) => void,
  signal: AbortSignal,
): Promise<readonly AttackRow[]> {
  const rows: AttackRow[] = []
  for (const attack of [...ATTACKS, ...ADAPTIVE_ATTACKS]) {
    const results = new Map<Layer, SimulationResult>()
    for (const layer of LAYERS) {
      const options = { seed: `drill-${seed}`, layer, attack, quietMs: HOUR_MS / 2, watchMs: 2 * HOUR_MS }
      results.set(layer, await simulate(options, signal))
    }
    rows.push({ attack, results })
    onRow({ attack, results })
  }
  return rows
}

/** The row as `--json` prints it. */
export function attackJson({ attack, results }: AttackRow): object {
  const guarded = results.get('oracle')
  return {
    source: 'simulated',
    attack: attack.name,
    what: attack.words,
    nodes: guarded?.nodes,
    written: Object.fromEntries([...results].map(([layer, { written }]) => [layer, written])),
    detectedAfterMs: guarded?.detectedAfterMs ?? null,
    verdict: guarded?.verdict ?? null,
    answers: Object.fromEntries(guarded?.answers ?? []),
    honestSuspended: guarded?.honestSuspended ?? [],
  }
}
