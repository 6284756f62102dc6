import { fromUnknown, type NodeId } from '../../core/index.ts'
import { inverse, type MeshSnapshot, type NodeFacts } from '../../mesh/index.ts'
import { traced } from '../../telemetry/index.ts'
import type { HealthBook } from '../health/health-book.ts'
import type { MapekOptions } from '../options.ts'
import type { MapekComponents } from '../ports.ts'
import { type AppliedByAgent, confirmAll, execute, undo } from '../remedy/execute.ts'
import { hastenAll } from '../remedy/hasten.ts'
import { planRemedies } from '../remedy/plan.ts'
import type { QuarantineBook } from '../remedy/quarantine.ts'
import { verifyProof } from '../remedy/verify.ts'
import { hypothesise, nodesToInspect } from './analyse.ts'
import type { Hypothesis, Incident, Outcome, PlannedRemedy } from './incident.ts'

export interface Handled {
  readonly outcome: Outcome
  readonly text: string
}

export interface HandleContext {
  readonly book: HealthBook
  readonly quarantines: QuarantineBook
  readonly options: MapekOptions
  /** The incident as the latest round of probes shows it; undefined when its symptoms have gone away. */
  readonly latest: (incident: Incident) => Incident | undefined
}

/** Nothing is tried more often than this at one go. */
const MOST_TRIES = 4
/** What has not helped twice is left to a person. */
const MOST_PASSES = 2
const MOST_REPAIRS = 2
/** Another fault may have spoiled the proof, or closed the way around: the second pass leaves time for its repair. */
const BETWEEN_PASSES_MS = 5000

/** One incident from evidence to outcome: Analyze, Plan, Execute, Verify. Rejects only on cancel. */
export async function handleIncident(
  components: MapekComponents,
  incident: Incident,
  context: HandleContext,
  signal: AbortSignal,
): Promise<Handled> {
  if (incident.repairs >= MOST_REPAIRS)
    return { outcome: 'escalated', text: `repaired ${incident.repairs} times, and still there` }
  const tried: string[] = []
  let current = incident
  for (let pass = 1; ; pass += 1) {
    const handled = await onePass(components, current, tried, context, signal)
    if (!handled.again || pass === MOST_PASSES) return { outcome: handled.outcome, text: handled.text }
    await components.clock.sleep(BETWEEN_PASSES_MS, signal)
    const latest = context.latest(incident)
    if (!latest) return goneAfter(tried)
    current = latest
  }
}

interface Passed extends Handled {
  /** There was a remedy, but it did not help, or the twin saw no gain in it as things were: worth another look. */
  readonly again?: boolean
}

/** With fresh eyes: evidence, hypotheses and plan are those of this moment. Adds to `tried` what did not help. */
async function onePass(
  components: MapekComponents,
  incident: Incident,
  tried: string[],
  context: HandleContext,
  signal: AbortSignal,
): Promise<Passed> {
  const { record, eyes } = components
  const { options, book } = context
  const snapshot = await eyes.snapshot(signal)
  const hypotheses = await analyse(components, incident, snapshot, signal)
  const plan = await traced('plan', {}, () =>
    planRemedies(components, incident, hypotheses, { snapshot, book, options }, signal),
  )
  record({ kind: 'planned', incident: incident.id, remedies: plan.remedies, rejected: plan.rejected })
  if (!context.latest(incident)) return goneAfter(tried)
  const [first] = plan.remedies
  if (options.mode === 'observe') return { outcome: 'observed', text: leading(hypotheses) }
  if (!first && plan.flowsAlready) return { outcome: 'recovered', text: 'the routing has left it by itself' }
  if (!first) {
    const text = escalation(incident, hypotheses, tried)
    return { outcome: 'escalated', text, again: options.mode === 'heal' && plan.rejected.length > 0 }
  }
  if (options.mode === 'advise') return { outcome: 'advised', text: `proposed: ${first.title}` }
  return tryRemedies(components, incident, plan.remedies, hypotheses, tried, context, signal)
}

async function tryRemedies(
  components: MapekComponents,
  incident: Incident,
  remedies: readonly PlannedRemedy[],
  hypotheses: readonly Hypothesis[],
  tried: string[],
  context: HandleContext,
  signal: AbortSignal,
): Promise<Passed> {
  for (const [index, remedy] of remedies.slice(0, MOST_TRIES).entries()) {
    if (index > 0 && !context.latest(incident)) return goneAfter(tried)
    const failure = await tryRemedy(components, incident, remedy, context, signal)
    if (failure === undefined) return healed(incident, remedy, hypotheses)
    tried.push(`${remedy.title} (${failure})`)
  }
  return { outcome: 'escalated', text: escalation(incident, hypotheses, tried), again: true }
}

function goneAfter(tried: readonly string[]): Handled {
  const after = tried.length > 0 ? `after ${tried.join('; ')}` : 'before anything was done'
  return { outcome: 'recovered', text: `the symptoms went away ${after}` }
}

/** Undefined when the remedy helped, else why not; then nothing of it is left in place. */
async function tryRemedy(
  components: MapekComponents,
  incident: Incident,
  remedy: PlannedRemedy,
  context: HandleContext,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { record } = components
  const { applied, failure } = await execute(components, incident.id, remedy, context.options, signal)
  if (failure) return `${failure.code}: ${failure.text}`
  try {
    await hasten(components, incident, applied, context.options, signal)
    const verdict = await verifyProof(components, remedy.proof, context.options, signal)
    record({ kind: 'verified', incident: incident.id, ...verdict })
    if (!verdict.helped) {
      await undo(components, incident.id, applied, 'it did not help')
      return verdict.text
    }
    await confirmAll(components, incident.id, applied, signal)
    quarantine(components, incident, remedy, applied, context)
    return undefined
  } catch (error) {
    await undo(components, incident.id, applied, 'stopped before it was verified')
    throw error
  }
}

/** The daemons settle in a fraction of the time. That they cannot be hurried is no reason to give up the remedy. */
async function hasten(
  { controller, eyes, record }: MapekComponents,
  incident: Incident,
  applied: readonly AppliedByAgent[],
  { hastenMs }: MapekOptions,
  signal: AbortSignal,
): Promise<void> {
  const [first] = applied
  if (!first) return
  try {
    const nodes = await hastenAll(controller, first.agent, await eyes.snapshot(signal), hastenMs, signal)
    record({ kind: 'hastened', incident: incident.id, agent: first.agent, nodes, forMs: hastenMs })
  } catch (error) {
    if (signal.aborted) throw error
    const text = `the daemons could not be hurried: ${fromUnknown(error).message}`
    record({ kind: 'evidence', incident: incident.id, agent: first.agent, text })
  }
}

function quarantine(
  { clock, record }: MapekComponents,
  incident: Incident,
  remedy: PlannedRemedy,
  applied: readonly AppliedByAgent[],
  { quarantines }: HandleContext,
): void {
  if (remedy.quarantines === undefined) return
  const entry = quarantines.add({
    key: incident.root.key,
    incident: incident.id,
    link: remedy.proof.avoidsLink,
    node: remedy.proof.avoidsNode,
    since: clock.now(),
    undo: applied.flatMap(({ action }) => inverse(action) ?? []),
  })
  record({ kind: 'quarantined', incident: incident.id, quarantine: entry })
}

async function analyse(
  { eyes, workforce, ids, record }: MapekComponents,
  incident: Incident,
  snapshot: MeshSnapshot,
  signal: AbortSignal,
): Promise<readonly Hypothesis[]> {
  const nodes = nodesToInspect(incident.root, snapshot)
  const looks = await workforce.fanOut(
    'analyst',
    nodes,
    async (agent, node, itemSignal) => ({
      agent: agent.agentId,
      facts: await eyes.inspect(node, itemSignal),
    }),
    signal,
  )
  const facts = new Map<NodeId, NodeFacts>()
  looks.forEach((look, index) => {
    const node = nodes[index]
    if (node === undefined) return
    if (look.ok) facts.set(node, look.value.facts)
    const agent = look.ok ? look.value.agent : undefined
    const text = look.ok
      ? factsInWords(look.value.facts)
      : `${node} could not be inspected: ${look.error.message}`
    record({ kind: 'evidence', incident: incident.id, agent, text })
  })
  const hypotheses = hypothesise(incident.root, facts, snapshot, ids)
  record({ kind: 'hypotheses', incident: incident.id, hypotheses })
  return hypotheses
}

function factsInWords(facts: NodeFacts): string {
  const daemon = facts.daemon.known ? facts.daemon.value : 'unknown'
  const forwarding = facts.forwarding.known ? (facts.forwarding.value ? 'on' : 'off') : 'unknown'
  const down = facts.interfaces
    .filter(({ adminUp }) => adminUp.known && !adminUp.value)
    .map(({ name }) => name)
  return `${facts.node}: daemon ${daemon}, forwarding ${forwarding}${down.length > 0 ? `, down: ${down.join(', ')}` : ''}`
}

function healed(incident: Incident, remedy: PlannedRemedy, hypotheses: readonly Hypothesis[]): Handled {
  // The node itself stays lost: its neighbours only stopped sending through it. A person has to go and look.
  if (incident.root.kind === 'node-unreachable') {
    return {
      outcome: 'escalated',
      text: `${remedy.title}: traffic flows around it; ${leading(hypotheses)}, somebody has to look at it`,
    }
  }
  return { outcome: 'healed', text: remedy.title }
}

function escalation(incident: Incident, hypotheses: readonly Hypothesis[], tried: readonly string[]): string {
  const { root } = incident
  const what = tried.length > 0 ? `tried: ${tried.join('; ')}` : 'no remedy is known to help'
  if (root.kind === 'split') return `cut: ${root.cut.join(', ')}; cut off: ${root.side.join(', ')}; ${what}`
  return `${leading(hypotheses)}; ${what}`
}

function leading(hypotheses: readonly Hypothesis[]): string {
  const [first] = hypotheses
  return first ? `${first.cause} (${Math.round(first.probability * 100)} %)` : 'cause unknown'
}
