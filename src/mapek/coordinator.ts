import { agentId, changeId, fromUnknown, hasCode, type IncidentId, incidentId, Scope } from '../core/index.ts'
import { describeAction, type MeshSnapshot } from '../mesh/index.ts'
import { traced } from '../telemetry/index.ts'
import type { HealEvent } from './events.ts'
import { HealthBook } from './health/health-book.ts'
import { correlate } from './incident/correlate.ts'
import { titleOf } from './incident/describe.ts'
import { handleIncident } from './incident/handle.ts'
import type { Incident, Outcome } from './incident/incident.ts'
import { IncidentRegister } from './incident/register.ts'
import { Monitor, type MonitorRound } from './monitor.ts'
import { DEFAULT_MAPEK_OPTIONS, type MapekOptions } from './options.ts'
import type { MapekComponents } from './ports.ts'
import { hastenAll } from './remedy/hasten.ts'
import { type Quarantine, QuarantineBook } from './remedy/quarantine.ts'

/** What an earlier run left behind, folded from its journal. */
export interface Inheritance {
  readonly openIncidents: readonly IncidentId[]
  readonly quarantines: readonly Quarantine[]
}

/** Longer than a round takes: the next one says whether to go on. */
const HURRY_MS = 1000

/** Rounds of probes that may be under way at once. */
const MOST_ROUNDS = 3

/** Who gives back what was kept off. */
export const KEEPER = agentId('coordinator')

/**
 * Closes the loop over one mesh: rounds of Monitor, and for each new cause one incident that goes through
 * Analyze, Plan, Execute and Verify beside all others. `run` may be called once; it ends when its signal aborts,
 * after every incident in flight has undone what was not verified.
 */
export class SwarmMAPEKCoordinator {
  readonly #components: MapekComponents
  readonly #options: MapekOptions
  readonly #book: HealthBook
  readonly #quarantines: QuarantineBook
  readonly #register: IncidentRegister
  readonly #monitor: Monitor
  #rounds = 0
  /** What was said already is not said again five times a second. */
  #lastTrouble: string | undefined

  constructor(components: MapekComponents, options: Partial<MapekOptions> = {}) {
    this.#components = components
    this.#options = { ...DEFAULT_MAPEK_OPTIONS, ...options }
    this.#book = new HealthBook(this.#options)
    this.#quarantines = new QuarantineBook(this.#options)
    this.#register = new IncidentRegister(components, this.#options)
    this.#monitor = new Monitor(
      { ...components, book: this.#book, quarantines: this.#quarantines },
      this.#options,
    )
  }

  get rounds(): number {
    return this.#rounds
  }

  /** Incidents in work at the moment. */
  open(): readonly Incident[] {
    return this.#register.open()
  }

  async run(inherited: Inheritance, signal: AbortSignal): Promise<void> {
    const { eyes, workforce, record } = this.#components
    const first = await eyes.snapshot(signal)
    const { name: mesh, source } = eyes
    record({
      kind: 'run-started',
      mesh,
      source,
      mode: this.#options.mode,
      agents: workforce.size,
      nodes: first.nodes.size,
    })
    await this.#inherit(inherited, signal)
    const scope = new Scope({ name: 'mapek', signal })
    try {
      await this.#watch(scope, signal)
    } catch (error) {
      if (!signal.aborted || !hasCode(fromUnknown(error), 'CANCELLED')) throw error
    } finally {
      await scope.close()
    }
  }

  /** One round each `tickMs`, or as the bound on probes allows; rejects with what went wrong in the first that failed. */
  async #watch(scope: Scope, signal: AbortSignal): Promise<void> {
    const { clock, workforce } = this.#components
    const underWay: Promise<void>[] = []
    try {
      while (!signal.aborted) {
        const started = clock.now()
        const { probes, judged } = await this.#monitor.begin(signal)
        const pass = judged.then((round) => this.#pass(round, scope, signal))
        pass.catch(() => undefined)
        underWay.push(pass)
        const pace = Math.max(this.#options.tickMs, (probes * 1000) / this.#options.probesPerSecond)
        await clock.sleep(Math.max(0, started + pace - clock.now()), signal)
        while (underWay.length >= Math.min(MOST_ROUNDS, workforce.size)) await underWay.shift()
      }
    } finally {
      await Promise.allSettled(underWay)
    }
  }

  #pass(
    { snapshot, symptoms, pendingDead, unsettled }: MonitorRound,
    scope: Scope,
    signal: AbortSignal,
  ): void {
    const { clock } = this.#components
    this.#rounds += 1
    const roots = correlate(symptoms, snapshot)
    for (const incident of this.#register.update(
      roots,
      { snapshot, pendingDead, unsettled },
      this.#quarantines,
      clock.now(),
    )) {
      this.#openIncident(scope, incident)
    }
    if (this.#options.mode === 'heal') {
      this.#giveBack(scope, this.#quarantines.due(snapshot, this.#book, clock.now()))
      if (unsettled > 0) void this.#hurry(snapshot, signal)
    }
  }

  /** Daemons that look for a way find it sooner. Nothing is changed by it, and nothing depends on it. */
  async #hurry(snapshot: MeshSnapshot, signal: AbortSignal): Promise<void> {
    try {
      await hastenAll(this.#components.controller, KEEPER, snapshot, HURRY_MS, signal)
    } catch (error) {
      if (signal.aborted) return
      const text = `the daemons could not be hurried: ${fromUnknown(error).message}`
      if (text !== this.#lastTrouble) this.#components.record({ kind: 'monitor-trouble', text })
      this.#lastTrouble = text
    }
  }

  #openIncident(scope: Scope, incident: Incident): void {
    const { clock, record } = this.#components
    const { id, root, symptoms, onset } = incident
    record({ kind: 'incident-opened', incident: id, root, symptoms, onset, title: titleOf(root) })
    const context = {
      book: this.#book,
      quarantines: this.#quarantines,
      options: this.#options,
      latest: (one: Incident) => this.#register.latest(one),
    }
    const close = (outcome: Outcome, text: string) => {
      const since = (at: number) => Math.max(0, at - onset)
      this.#register.close(id, outcome)
      const times = { detectedAfterMs: since(incident.openedAt), closedAfterMs: since(clock.now()) }
      record({ kind: 'incident-closed', incident: id, outcome, text, ...times })
    }
    scope
      .spawn((signal) =>
        traced(
          'invoke_workflow',
          { subject: `heal ${root.kind}`, attributes: { 'meshswarm.incident': id } },
          () => handleIncident(this.#components, incident, context, signal),
        ),
      )
      .then(({ outcome, text }) => close(outcome, text))
      .catch((error: unknown) => close('interrupted', fromUnknown(error).message))
  }

  /** Gives everything back that traffic is kept off, whatever its state: for a person who takes over. */
  async release(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#quarantines.active().map((entry) => this.#giveBackOne(entry, signal)))
  }

  /** Gives back what has been good for its hold-down. A relapse opens a new incident with a longer one. */
  #giveBack(scope: Scope, due: readonly Quarantine[]): void {
    for (const entry of due)
      void scope.spawn((signal) => this.#giveBackOne(entry, signal)).catch(() => undefined)
  }

  /** What fails is kept in quarantine and tried again later. */
  async #giveBackOne(entry: Quarantine, signal: AbortSignal): Promise<void> {
    const { controller, ids, record, clock } = this.#components
    this.#quarantines.remove(entry.key, clock.now())
    try {
      await Promise.all(
        entry.undo.map(async (action) => {
          const id = changeId(ids.next('change'))
          const options = { id, confirmWithinMs: this.#options.confirmMarginMs, reason: entry.incident }
          record({
            kind: 'given-back',
            incident: entry.incident,
            key: entry.key,
            text: describeAction(action),
          })
          await controller.apply(KEEPER, action, options, signal)
          await controller.confirm(KEEPER, id, signal)
        }),
      )
    } catch (error) {
      const { code, message: text } = fromUnknown(error)
      const [action] = entry.undo
      if (action)
        record({ kind: 'action-failed', incident: entry.incident, agent: KEEPER, action, code, text })
      this.#quarantines.adopt({ ...entry, since: clock.now() })
    }
  }

  /** Reports what a crashed run left open, and takes over what it kept off. */
  async #inherit({ openIncidents, quarantines }: Inheritance, signal: AbortSignal): Promise<void> {
    const { eyes, record } = this.#components
    for (const entry of quarantines) this.#quarantines.adopt(entry)
    const changes = await eyes.changes(signal)
    const reported = new Set(openIncidents)
    for (const change of changes) if (change.state === 'pending') reported.add(incidentId(change.reason))
    for (const incident of reported) {
      const mine = changes.filter(({ reason }) => reason === incident)
      const states = mine.map(({ action, state }) => `${describeAction(action)}: ${state}`)
      const text = states.length > 0 ? states.join('; ') : 'nothing had been changed'
      const event: HealEvent = {
        kind: 'interrupted',
        incident,
        text: `interrupted by a crash; ${text}`,
        changes: mine.map(({ id }) => id),
      }
      record(event)
    }
  }
}
