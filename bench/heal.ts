import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { runTrial, type Scenario, type TrialResult } from '../lab/drill/trial.ts'
import { loadTopology, missingForLab, type Topology } from '../lab/index.ts'
import { readTopology } from '../lab/reader.ts'
import { censoredSummary, seededRandom } from '../src/core/index.ts'
import { healGoals } from './heal-goals.ts'
import { runQuiet } from './heal-quiet.ts'
import { type Arena, openArena, SUBJECTS, type Subject } from './heal-subjects.ts'
import { runTogether } from './heal-together.ts'
import type { BenchOptions } from './options.ts'
import { type BenchReport, type BenchRow, reportOf } from './report.ts'

const SCENARIOS: readonly Scenario[] = [
  { fault: 'interface-down' },
  { fault: 'silent-cut' },
  { fault: 'one-way-cut' },
  { fault: 'loss-20' },
  { fault: 'loss-50' },
  { fault: 'loss-20-one-way' },
  { fault: 'loss-50-one-way' },
  { fault: 'congested-link' },
  { fault: 'black-hole' },
  { fault: 'grey-forwarding' },
  { fault: 'forwarding-off' },
  { fault: 'mtu-black-hole' },
  { fault: 'frozen-node' },
  { fault: 'daemon-killed' },
  { fault: 'daemon-stopped' },
  { fault: 'daemon-killed', role: 'destination' },
  { fault: 'daemon-stopped', role: 'destination' },
  { fault: 'flapping' },
  { fault: 'silent-flapping' },
  { fault: 'wrong-metric' },
  { fault: 'route-hijack' },
  { fault: 'partition' },
]

/** A mesh that is not whole again by then is struck as it is. */
const SETTLE_MS = 30_000

/** Ten at once: what a bad night brings. */
const TOGETHER: readonly Scenario[] = [
  { fault: 'silent-cut' },
  { fault: 'black-hole' },
  { fault: 'forwarding-off' },
  { fault: 'loss-20' },
  { fault: 'silent-cut' },
  { fault: 'grey-forwarding' },
  { fault: 'mtu-black-hole' },
  { fault: 'one-way-cut' },
  { fault: 'loss-50' },
  { fault: 'daemon-killed', role: 'destination' },
]

/**
 * Real faults on real babeld daemons, with nobody, with one agent and with the swarm at work. `--set` takes
 * nodes=20,50 repeats=5 subjects=swarm,babeld faults=silent-cut,… topology=SPEC limit=SECONDS together=N quiet=SECONDS
 * events=FILE.
 */
export async function healBench(options: BenchOptions, signal: AbortSignal): Promise<BenchReport> {
  const missing = await missingForLab()
  if (missing !== undefined) return { ...reportOf('heal', options.seed, [], []), skipped: missing }
  const list = (key: string, fallback: string) => (options.set.get(key) ?? fallback).split(',')
  const number = (key: string, fallback: number) => Number(options.set.get(key) ?? fallback)
  const spec = options.set.get('topology') ?? 'geo'
  const names = list('subjects', options.quick ? 'swarm' : SUBJECTS.map(({ name }) => name).join(','))
  const faults =
    options.set.get('faults')?.split(',') ?? (options.quick ? ['silent-cut', 'black-hole'] : undefined)
  const rows: BenchRow[] = []
  for (const nodes of list('nodes', options.quick ? '10' : '20,50').map(Number)) {
    const topology = await benchTopology(spec, nodes, options)
    for (const subject of SUBJECTS.filter(({ name }) => names.includes(name))) {
      const scenarios = SCENARIOS.filter(({ fault }) => faults?.includes(fault) ?? true)
      const plan = {
        nodes,
        subject,
        topology,
        scenarios,
        seed: options.seed,
        log: options.log,
        events: options.set.get('events'),
      }
      const repeats = number('repeats', options.quick ? 1 : 5)
      const [together, quietSeconds] = [number('together', 0), number('quiet', 0)]
      rows.push(
        ...(await benchSubject(
          { ...plan, repeats, together, quietSeconds, limitMs: number('limit', 30) * 1000 },
          signal,
        )),
      )
    }
  }
  return reportOf('heal', options.seed, rows, healGoals(rows))
}

async function benchTopology(spec: string, nodes: number, options: BenchOptions): Promise<Topology> {
  const builtin =
    spec === 'geo' ? `geo:${nodes}` : spec.startsWith('data:') ? join(options.data, spec.slice(5)) : spec
  return loadTopology(builtin, { nodes, reader: readTopology })
}

interface SubjectPlan {
  readonly nodes: number
  readonly subject: Subject
  readonly topology: Topology
  readonly scenarios: readonly Scenario[]
  readonly seed: number
  readonly repeats: number
  readonly together: number
  readonly quietSeconds: number
  readonly limitMs: number
  readonly log: (line: string) => void
  /** A file that every event of the loop is appended to, a JSON object a line. */
  readonly events: string | undefined
}

async function benchSubject(plan: SubjectPlan, signal: AbortSignal): Promise<BenchRow[]> {
  const { subject, topology, log, nodes, events } = plan
  log(`# ${nodes} nodes, ${subject.name}: bringing the lab up`)
  const arena = await openArena(
    subject,
    topology,
    {},
    signal,
    events === undefined ? undefined : (event) => appendFileSync(events, `${JSON.stringify(event)}\n`),
  )
  const rows: BenchRow[] = []
  try {
    for (const scenario of plan.scenarios) {
      const results: TrialResult[] = []
      for (let repeat = 0; repeat < plan.repeats; repeat += 1) {
        const result = await oneTrial(arena, plan, scenario, repeat, signal)
        if (result) results.push(result)
      }
      rows.push(...rowsOf(plan, scenario, results))
    }
    rows.push(...(await togetherRows(arena, plan, signal)), ...(await quietRows(arena, plan, signal)))
  } finally {
    await arena.close()
  }
  return rows
}

/** The same seed gives every subject the same draw of places. */
async function oneTrial(
  arena: Arena,
  plan: SubjectPlan,
  scenario: Scenario,
  repeat: number,
  signal: AbortSignal,
): Promise<TrialResult | undefined> {
  const random = seededRandom(plan.seed).fork(`${nameOf(scenario)}#${repeat}`)
  try {
    await arena.field.settle(SETTLE_MS, signal)
    const watch = { limitMs: plan.limitMs, afterMs: 2000 }
    const result = await runTrial(arena.field, scenario, { random, events: arena.events }, watch, signal)
    const seconds = (ms: number | undefined) => (ms === undefined ? '-' : (ms / 1000).toFixed(2))
    const { detectedAfterMs, healedAfterMs, lost, target, verdict, outcome, untouched } = result
    const times = `detected ${seconds(detectedAfterMs)} healed ${untouched ? 'untouched' : seconds(healedAfterMs)}`
    plan.log(
      `${plan.subject.name} ${nameOf(scenario)} at ${target}: ${times} lost ${lost} | ${outcome ?? ''} ${verdict}`,
    )
    return result
  } catch (error) {
    signal.throwIfAborted()
    plan.log(
      `${plan.subject.name} ${nameOf(scenario)}: no trial: ${error instanceof Error ? error.message : error}`,
    )
    return undefined
  } finally {
    await arena.reset(signal).catch(() => undefined)
  }
}

function nameOf({ fault, role }: Scenario): string {
  return role === 'destination' ? `${fault} (destination)` : fault
}

function rowsOf(plan: SubjectPlan, scenario: Scenario, results: readonly TrialResult[]): BenchRow[] {
  const base = { case: `${plan.nodes} nodes, ${nameOf(scenario)}`, subject: plan.subject.name }
  const healing = censoredSummary(
    results.map(({ healedAfterMs, untouched, watchedMs }) => ({
      value: (untouched ? 0 : (healedAfterMs ?? watchedMs)) / 1000,
      censored: !untouched && healedAfterMs === undefined,
    })),
  )
  const detection = censoredSummary(
    results.map(({ detectedAfterMs, watchedMs }) => ({
      value: (detectedAfterMs ?? watchedMs) / 1000,
      censored: detectedAfterMs === undefined,
    })),
  )
  const lost = censoredSummary(results.map((result) => ({ value: result.lost, censored: false })))
  const rows: BenchRow[] = [
    {
      ...base,
      metric: 'mttr_s',
      median: healing.median,
      p95: healing.p95,
      n: healing.n,
      unhealed: healing.unhealed,
    },
    { ...base, metric: 'lost', median: lost.median, p95: lost.p95, n: lost.n },
  ]
  if (plan.subject.agents !== undefined) {
    rows.push({ ...base, metric: 'mttd_s', median: detection.median, p95: detection.p95, n: detection.n })
  }
  return rows
}

async function togetherRows(arena: Arena, plan: SubjectPlan, signal: AbortSignal): Promise<BenchRow[]> {
  if (plan.subject.agents === undefined) return []
  const times: { value: number; censored: boolean }[] = []
  for (let repeat = 0; repeat < plan.together; repeat += 1) {
    const random = seededRandom(plan.seed).fork(`together#${repeat}`)
    await arena.field.settle(SETTLE_MS, signal)
    const result = await runTogether(arena, TOGETHER, random, 120_000, signal).catch((error: unknown) => {
      signal.throwIfAborted()
      plan.log(`together: no trial: ${error instanceof Error ? error.message : error}`)
      return undefined
    })
    if (result) {
      times.push({
        value: (result.allHealedAfterMs ?? 120_000) / 1000,
        censored: result.allHealedAfterMs === undefined,
      })
      plan.log(
        `${plan.subject.name} ten at once: ${result.allHealedAfterMs} ms, unhealed ${result.unhealed}, lost ${result.lost}`,
      )
      for (const line of [...result.places, ...result.verdicts]) plan.log(`    ${line}`)
    }
    await arena.reset(signal).catch(() => undefined)
    await arena.field.clock.sleep(5000, signal)
  }
  if (times.length === 0) return []
  const { median, p95, n, unhealed } = censoredSummary(times)
  return [
    {
      case: `${plan.nodes} nodes, ten at once`,
      subject: plan.subject.name,
      metric: 'mttr_s',
      median,
      p95,
      n,
      unhealed,
    },
  ]
}

async function quietRows(arena: Arena, plan: SubjectPlan, signal: AbortSignal): Promise<BenchRow[]> {
  if (plan.subject.agents === undefined || plan.quietSeconds === 0) return []
  const rows: BenchRow[] = []
  for (const churn of [false, true]) {
    const name = churn ? 'harmless churn' : 'healthy'
    const random = seededRandom(plan.seed).fork(name)
    const result = await runQuiet(arena, { seconds: plan.quietSeconds, churn, random }, signal)
    plan.log(
      `${plan.subject.name} ${name} for ${result.seconds} s: ${result.actions} actions, ${result.incidents.length} incidents`,
    )
    for (const incident of result.incidents) plan.log(`    ${incident}`)
    const base = {
      case: `${plan.nodes} nodes, ${name}, ${result.seconds} s`,
      subject: plan.subject.name,
      n: 1,
    }
    rows.push({ ...base, metric: 'actions', median: result.actions, p95: result.actions })
    rows.push({ ...base, metric: 'incidents', median: result.incidents.length, p95: result.incidents.length })
  }
  return rows
}
