import { probeBytes, type Scenario, successesNeeded } from '../lab/drill/trial.ts'
import type { Random } from '../src/core/index.ts'
import type { Arena } from './heal-subjects.ts'

export interface TogetherResult {
  readonly faults: number
  /** From the first injection until every pair had healed; undefined: some never did. */
  readonly allHealedAfterMs: number | undefined
  readonly unhealed: number
  readonly lost: number
  /** Cause and outcome of each incident, sorted: equal for two subjects that judge alike. */
  readonly verdicts: readonly string[]
}

/** Several faults at once, at places of their own, each watched by its own pair. */
export async function runTogether(
  arena: Arena,
  scenarios: readonly Scenario[],
  random: Random,
  limitMs: number,
  signal: AbortSignal,
): Promise<TogetherResult> {
  const { field } = arena
  const avoid = new Set<string>()
  const staged = []
  for (const { fault, role = 'transit' } of scenarios) {
    const placement = await field.place(fault, random, signal, { role, avoid })
    const { target } = placement
    if (target.kind === 'node') avoid.add(target.node)
    if (target.kind === 'prefix') for (const node of [target.by, target.victim]) avoid.add(node)
    if (target.kind === 'link') for (const node of [target.from, target.to]) avoid.add(node)
    staged.push({ fault, placement, probe: field.probe(placement.from, placement.to, probeBytes(fault)) })
  }
  await field.clock.sleep(1500, signal)
  const before = arena.events().length
  const onset = field.clock.now()
  const injected = await Promise.all(
    staged.map(({ fault, placement }) => field.inject(fault, placement.target)),
  )
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(limitMs)])
    const waits = staged.map(({ fault, probe }) =>
      probe.waitHealed({ onset, consecutive: successesNeeded(fault) }, limit),
    )
    await Promise.all(waits)
    signal.throwIfAborted()
    await field.clock.sleep(1500, signal)
    const reports = staged.map(({ fault, probe }) =>
      probe.report({ onset, consecutive: successesNeeded(fault) }),
    )
    const unhealed = reports.filter(({ censored }) => censored).length
    const last = Math.max(...reports.map(({ healedAt }) => (healedAt ?? onset) - onset))
    const verdicts = arena
      .events()
      .slice(before)
      .flatMap((event) => (event.kind === 'incident-closed' ? [`${event.outcome}: ${event.text}`] : []))
    const lost = reports.reduce((sum, report) => sum + report.lost, 0)
    const allHealedAfterMs = unhealed > 0 ? undefined : last
    return { faults: staged.length, allHealedAfterMs, unhealed, lost, verdicts: verdicts.toSorted() }
  } finally {
    await Promise.all(injected.map((fault) => fault.revert()))
    await Promise.all(staged.map(({ probe }) => probe.stop()))
  }
}
