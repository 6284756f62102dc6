import { probeBytes, type Scenario, successesNeeded, targetText } from '../lab/drill/trial.ts'
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
  /** What was done to whom, the pair that watched it, and when that pair had healed. */
  readonly places: readonly string[]
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
    const outages = staged.map(({ fault, probe }) => ({
      probe,
      options: { onset, consecutive: successesNeeded(fault) },
    }))
    await Promise.all(outages.map(({ probe, options }) => probe.waitHealed(options, limit)))
    signal.throwIfAborted()
    await field.clock.sleep(1500, signal)
    const reports = outages.map(({ probe, options }) => probe.report(options))
    const unhealed = reports.filter(({ censored }) => censored).length
    const last = Math.max(...reports.map(({ healedAt }) => (healedAt ?? onset) - onset))
    const verdicts = arena
      .events()
      .slice(before)
      .flatMap((event) => (event.kind === 'incident-closed' ? [`${event.outcome}: ${event.text}`] : []))
    const places = staged.map(({ fault, placement: { target, from, to } }, index) => {
      const { brokenAt, healedAt } = reports[index] ?? {}
      const healed =
        healedAt === undefined ? 'unhealed' : `healed ${((healedAt - onset) / 1000).toFixed(1)} s`
      return `${fault} at ${targetText(target)}, ${from}-${to}: ${brokenAt === undefined ? 'untouched' : healed}`
    })
    const lost = reports.reduce((sum, report) => sum + report.lost, 0)
    const allHealedAfterMs = unhealed > 0 ? undefined : last
    return { faults: staged.length, allHealedAfterMs, unhealed, lost, verdicts: verdicts.toSorted(), places }
  } finally {
    await Promise.all(injected.map((fault) => fault.revert()))
    await Promise.all(staged.map(({ probe }) => probe.stop()))
  }
}
