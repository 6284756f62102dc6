import {
  ADAPTIVE_ATTACKS,
  ATTACKS,
  type AttackPlan,
  LAYERS,
  type Layer,
  type SimulationResult,
  simulate,
} from '../../lab/attack/index.ts'
import { mean } from '../../src/core/index.ts'
import type { BenchOptions } from '../options.ts'
import { type BenchReport, type BenchRow, reportOf, rowOf } from '../report.ts'
import { costRows } from './cost.ts'
import { attackGoals } from './goals.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const ALL_LAYERS: Layer = 'oracle'

/**
 * How much of a simulated mesh of 1000 nodes attackers write in two hours, with none, one, two and all three of the
 * controls, and whom the oracle suspends by mistake in four hours without an attack. `--set` takes seeds=N. The seeds
 * are `bench-…`; those that the thresholds were chosen with are `tune-…`.
 */
export async function attackBench(options: BenchOptions, signal: AbortSignal): Promise<BenchReport> {
  const count = Number(options.set.get('seeds') ?? (options.quick ? 1 : 10))
  const seeds = Array.from({ length: count }, (_, index) => `bench-${options.seed}-${index}`)
  const rows: BenchRow[] = []
  for (const attack of [...ATTACKS, ...ADAPTIVE_ATTACKS]) {
    for (const layer of LAYERS) {
      const results = await runsOf(seeds, attack, layer, signal)
      options.log(`${attack.name}, ${layer}`)
      rows.push(...rowsOf(attack, layer, results))
    }
  }
  rows.push(...(await honestRows(seeds, signal)), ...costRows(options.quick ? 200_000 : 1_000_000))
  return reportOf('attack', options.seed, rows, attackGoals(rows))
}

async function runsOf(
  seeds: readonly string[],
  attack: AttackPlan,
  layer: Layer,
  signal: AbortSignal,
): Promise<readonly SimulationResult[]> {
  const results: SimulationResult[] = []
  for (const seed of seeds)
    results.push(await simulate({ seed, layer, attack, quietMs: HOUR_MS / 2, watchMs: 2 * HOUR_MS }, signal))
  return results
}

function rowsOf(attack: AttackPlan, layer: Layer, results: readonly SimulationResult[]): readonly BenchRow[] {
  const about = { case: attack.name, subject: layer === 'no control' ? layer : `+ ${layer}` }
  const shares = results.map(({ written, nodes }) => (100 * written) / nodes)
  const written = [
    rowOf({ ...about, metric: 'written %' }, shares),
    rowOf({ ...about, metric: 'mean %' }, [mean(shares)]),
    rowOf({ ...about, metric: 'worst %' }, [Math.max(...shares)]),
  ]
  if (layer !== ALL_LAYERS) return written
  // An attack that was never seen counts as endless.
  const seconds = results.map(({ detectedAfterMs = Number.POSITIVE_INFINITY }) => detectedAfterMs / 1000)
  const undetected = seconds.filter((one) => !Number.isFinite(one)).length
  const detected = rowOf({ ...about, metric: 'detected s' }, seconds)
  const finite = (value: number | null) => (value !== null && Number.isFinite(value) ? value : null)
  return [
    ...written,
    { ...detected, median: finite(detected.median), p95: finite(detected.p95) },
    rowOf({ ...about, metric: 'undetected runs' }, [undetected]),
    rowOf(
      { ...about, metric: 'honest suspended' },
      results.map(({ honestSuspended }) => honestSuspended.length),
    ),
  ]
}

/** A hundred honest agents at work for four hours, with a crisis in each, for every seed. */
async function honestRows(seeds: readonly string[], signal: AbortSignal): Promise<readonly BenchRow[]> {
  const results: SimulationResult[] = []
  for (const seed of seeds)
    results.push(await simulate({ seed, layer: ALL_LAYERS, quietMs: 0, watchMs: 4 * HOUR_MS }, signal))
  const about = { case: 'no attack, 100 agents, 4 h', subject: '+ oracle' }
  const row = (metric: string, value: (result: SimulationResult) => number) =>
    rowOf({ ...about, metric }, results.map(value))
  return [
    row('decisions', ({ decisions }) => decisions),
    row('suspended', ({ honestSuspended }) => honestSuspended.length),
    row('alarms that suspend nobody', ({ wrongVerdicts }) => wrongVerdicts.length),
    rowOf({ ...about, metric: 'suspended in all' }, [
      results.reduce((sum, { honestSuspended }) => sum + honestSuspended.length, 0),
    ]),
  ]
}
