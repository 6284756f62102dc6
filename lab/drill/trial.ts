import type { Random } from '../../src/core/index.ts'
import type { StampedHealEvent } from '../../src/mapek/index.ts'
import type { FaultTarget, Placement } from '../faults/index.ts'
import type { OutageReport } from '../outage.ts'
import type { DrillField, TrafficProbe } from './field.ts'

/** A fault of the catalogue, as a drill stages it. */
export interface Scenario {
  readonly fault: string
  /** Strike the daemon of the destination instead of one on the way. */
  readonly role?: 'transit' | 'destination'
}

export interface TrialResult {
  readonly fault: string
  readonly role: 'transit' | 'destination'
  readonly target: string
  readonly pair: string
  readonly placement: Placement
  /** From onset to the first incident; undefined: none was opened. */
  readonly detectedAfterMs: number | undefined
  /** From onset to the first of N good packets; undefined: not healed while it was watched (censored). */
  readonly healedAfterMs: number | undefined
  /** Nothing was ever lost: the fault did not touch this pair. */
  readonly untouched: boolean
  readonly lost: number
  readonly sent: number
  readonly watchedMs: number
  /** What the swarm did about it, and how its first incident ended. */
  readonly verdict: string
  readonly outcome: string | undefined
}

/** Large packets are what these lose. */
const LARGE = new Set(['mtu-black-hole', 'congested-link'])
/** These lose only a share: a short lucky run proves nothing. */
const PARTIAL = /^(loss-|grey-|congested|flapping|silent-flapping)/

export function probeBytes(fault: string): number {
  return LARGE.has(fault) ? 1400 : 56
}

export function successesNeeded(fault: string): number {
  return PARTIAL.test(fault) ? 30 : 5
}

export function targetText(target: FaultTarget): string {
  switch (target.kind) {
    case 'link':
      return `${target.from}-${target.to}`
    case 'node':
      return target.node
    case 'cut':
      return `{${target.side.slice(0, 3).join(',')}…}`
    case 'prefix':
      return `${target.by} as ${target.victim}`
  }
}

export interface TrialOptions {
  /** Watched so long at the most. */
  readonly limitMs: number
  /** Watched on after the healing, for relapses. */
  readonly afterMs: number
  /** Strike here instead of at a random place. */
  readonly placement?: Placement
}

/** Strikes once at a random place on a pair's present way, watches until it is healed, and takes the fault back. */
export async function runTrial(
  field: DrillField,
  scenario: Scenario,
  components: { readonly random: Random; readonly events: () => readonly StampedHealEvent[] },
  options: TrialOptions,
  signal: AbortSignal,
): Promise<TrialResult> {
  const { fault, role = 'transit' } = scenario
  const placement = options.placement ?? (await field.place(fault, components.random, signal, { role }))
  const probe = field.probe(placement.from, placement.to, probeBytes(fault))
  try {
    await field.clock.sleep(1000, signal)
    const before = components.events().length
    const onset = field.clock.now()
    const injected = await field.inject(fault, placement.target)
    try {
      const report = await watch(field, probe, fault, onset, options, signal)
      const events = components.events().slice(before)
      return resultOf(fault, role, placement, report, events, onset, field.clock.now() - onset)
    } finally {
      await injected.revert()
    }
  } finally {
    await probe.stop()
  }
}

async function watch(
  field: DrillField,
  probe: TrafficProbe,
  fault: string,
  onset: number,
  { limitMs, afterMs }: TrialOptions,
  signal: AbortSignal,
): Promise<OutageReport> {
  const limit = new AbortController()
  const cancel = field.clock.after(limitMs, () => limit.abort())
  const outage = { onset, consecutive: successesNeeded(fault) }
  try {
    await probe.waitHealed(outage, AbortSignal.any([signal, limit.signal]))
  } finally {
    cancel()
  }
  signal.throwIfAborted()
  await field.clock.sleep(afterMs, signal)
  return probe.report(outage)
}

function resultOf(
  fault: string,
  role: 'transit' | 'destination',
  placement: Placement,
  report: OutageReport,
  events: readonly StampedHealEvent[],
  onset: number,
  watchedMs: number,
): TrialResult {
  const opened = events.find((event) => event.kind === 'incident-opened' && event.at >= onset)
  const incident = opened?.kind === 'incident-opened' ? opened.incident : undefined
  const closed = events.find((event) => event.kind === 'incident-closed' && event.incident === incident)
  const end = closed?.kind === 'incident-closed' ? closed : undefined
  return {
    fault,
    role,
    target: targetText(placement.target),
    pair: `${placement.from}-${placement.to}`,
    placement,
    detectedAfterMs: opened && opened.at - onset,
    healedAfterMs: report.healedAt === undefined ? undefined : report.healedAt - onset,
    untouched: report.brokenAt === undefined,
    lost: report.lost,
    sent: report.sent,
    watchedMs,
    verdict: end?.text ?? (opened?.kind === 'incident-opened' ? opened.title : 'nothing seen'),
    outcome: end?.outcome,
  }
}
