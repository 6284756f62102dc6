import { type AgentId, type IdSource, incidentId, meshSwarmError } from '../../core/index.ts'
import type { AuthorityDecision } from './authority-decision.ts'
import { DEFAULT_ORACLE_OPTIONS, type OracleOptions, type OracleTest } from './options.ts'
import type { Subject } from './subject.ts'
import { SubjectBook } from './subject-book.ts'
import { type Verdict, verdictOf } from './verdict.ts'

export interface OracleComponents {
  readonly ids: IdSource
  /** Gets every verdict, once. */
  readonly onVerdict: (verdict: Verdict) => void
  /** Verdicts of earlier runs that nobody has lifted: who was suspended still is. */
  readonly standing?: readonly Verdict[]
}

const KEPT = 1000
/** Where so many of the agents that acted under a token lately have overstepped, it is the token's doing. */
const LINEAGE_SHARE = 0.75
const LINEAGE_MS = 10 * 60_000
const OWN_TESTS = ['out-of-scope', 'own-budget', 'fan-out'] as const
const LINEAGE_TESTS = ['out-of-scope', 'synchronised', 'churn'] as const

/**
 * Watches what agents ask for against what they may, by sequential tests of shares: how much is asked for makes no
 * difference, only what it is. Each decision counts for its agent and for every ancestor of its token, so that a
 * coalition and an agent that keeps coming back under new names are seen as one. A node counts once: to ask again, for
 * what is refused or to look innocent, changes nothing. Times come with the decisions.
 */
export class AntiMeaveOracle {
  readonly #components: OracleComponents
  readonly #options: Required<OracleOptions>
  readonly #neverSuspend: ReadonlySet<string>
  readonly #agents: SubjectBook
  readonly #tokens: SubjectBook
  /** By `agent …` and `token …`. Only a person takes one out. */
  readonly #suspended = new Map<string, Verdict>()
  readonly #verdicts: Verdict[] = []
  /** Times of the last suspensions, `alertAfter` at the most. */
  readonly #suspensions: number[] = []
  #alertUntil = Number.NEGATIVE_INFINITY

  constructor(components: OracleComponents, options: OracleOptions = {}) {
    this.#components = components
    this.#options = { ...DEFAULT_ORACLE_OPTIONS, ...options }
    this.#neverSuspend = new Set(this.#options.neverSuspend.map((id) => `token ${id}`))
    this.#agents = new SubjectBook('agent', this.#options)
    this.#tokens = new SubjectBook('token', this.#options)
    for (const verdict of components.standing ?? [])
      for (const name of verdict.suspended) this.#suspended.set(name, verdict)
    const { neverSuspend: _, looksAreTold: __, ...numbers } = this.#options
    if (!Object.values(numbers).every((value) => value > 0)) {
      throw meshSwarmError('INVALID_CONFIGURATION', "The oracle's figures are above 0.", { details: numbers })
    }
  }

  /** The last 1000, oldest first. */
  get verdicts(): readonly Verdict[] {
    return this.#verdicts
  }

  /** The verdict under which the agent, or all that comes from a token of the lineage, is suspended. */
  suspendedBy(agent: AgentId, lineage: readonly string[]): Verdict | undefined {
    if (this.#suspended.size === 0) return undefined
    const held = lineage.find((id) => this.#suspended.has(`token ${id}`))
    return this.#suspended.get(held === undefined ? `agent ${agent}` : `token ${held}`)
  }

  /** Takes one decision, in the order of the times; returns the verdict that it leads to, if any. */
  observe(decision: AuthorityDecision): Verdict | undefined {
    const { agent, lineage } = decision
    if (this.suspendedBy(agent, lineage)) return undefined
    if (decision.reason === 'unproven') return this.#unproven(decision)
    this.#proven(decision)
    // Innermost first. The token itself is the agent's own case.
    const ancestors = lineage
      .slice(0, -1)
      .toReversed()
      .map((id) => this.#tokens.see(id))
    const own = this.#agents.see(agent)
    const isNew = decision.allowed
      ? own.reached.add(decision.node, decision.at)
      : decision.reason === 'out-of-scope' && own.refused.add(decision.node, decision.at)
    return this.#ownCase(decision, isNew, own) ?? this.#lineageCase(decision, isNew, ancestors)
  }

  /** Ends a suspension; a person decides that, and `by` says who. Throws INCIDENT_NOT_FOUND, INVALID_INPUT without a name. */
  lift(id: Verdict['id'], by: string): Verdict {
    if (by.trim() === '') throw meshSwarmError('INVALID_INPUT', 'A suspension is lifted by somebody.')
    const verdict = this.#suspended.values().find((one) => one.id === id)
    if (verdict === undefined)
      throw meshSwarmError('INCIDENT_NOT_FOUND', `Nobody is suspended by ${id}.`, { details: { id, by } })
    for (const [name, one] of this.#suspended) if (one === verdict) this.#suspended.delete(name)
    return verdict
  }

  /** Whose request it was nobody knows: the holder is not to be blamed for what a thief does. */
  #unproven({ at, lineage, agent }: AuthorityDecision): Verdict | undefined {
    const token = this.#tokens.see(lineage.at(-1) ?? '')
    const test = token.test('theft')
    test.update(true, at)
    if (test.evidence <= this.#options.evidence || at < token.quietUntil) return undefined
    token.quietUntil = at + this.#options.alertMs
    const what = { test: 'theft', suspends: 'nobody', suspended: [], agents: [agent] } as const
    return this.#judge(token, what, at, this.#options.evidence)
  }

  #proven({ at, lineage }: AuthorityDecision): void {
    const test = this.#tokens.find(lineage.at(-1) ?? '')?.test('theft')
    if (test && test.evidence > 0) test.update(false, at)
  }

  #ownCase(decision: AuthorityDecision, isNew: boolean, own: Subject): Verdict | undefined {
    const { at, agent, lineage, node, operation, allowed, reason } = decision
    if (isNew) own.test('out-of-scope').update(!allowed, at)
    const spends = allowed ? operation === 'write' : reason === 'own-budget'
    if (spends && own.spent.add(node, at)) {
      own.test('own-budget').update(!allowed, at)
      // What is new was not looked at within the last minute.
      if (allowed && this.#options.looksAreTold) own.test('fan-out').update(isNew, at)
    }
    // An attack that is under way makes the next one who oversteps likelier to be part of it.
    const limit = this.#options.evidence * (at < this.#alertUntil ? this.#options.alertShare : 1)
    const found = OWN_TESTS.find((name) => own.test(name).evidence > limit)
    if (found === undefined) return undefined
    // Its sub-agents hold what comes from its own token.
    const suspended = [own.name, ...lineage.slice(-1).map((id) => `token ${id}`)]
    return this.#judge(own, { test: found, suspends: 'agent', suspended, agents: [agent] }, at, limit)
  }

  #lineageCase(
    decision: AuthorityDecision,
    isNew: boolean,
    ancestors: readonly Subject[],
  ): Verdict | undefined {
    const { at } = decision
    for (const ancestor of ancestors) this.#count(decision, isNew, ancestor)
    const alarmed = ancestors.filter((ancestor) => this.#lineageTest(ancestor) !== undefined)
    // The outermost: a token further in may be one of several that its holder has.
    const guilty = alarmed.findLast((ancestor) => this.#isGuilty(ancestor, at))
    const ancestor = guilty ?? alarmed.find(({ quietUntil }) => at >= quietUntil)
    const test = ancestor && this.#lineageTest(ancestor)
    if (ancestor === undefined || test === undefined) {
      for (const quiet of alarmed) quiet.clear()
      return undefined
    }
    if (guilty === undefined) ancestor.quietUntil = at + this.#options.alertMs
    const agents = ancestor.overstepped.since(this.#from(ancestor, test, at))
    const suspended = guilty === undefined ? [] : [guilty.name]
    const suspends = guilty === undefined ? 'nobody' : 'lineage'
    return this.#judge(ancestor, { test, suspends, suspended, agents }, at, this.#options.lineageEvidence)
  }

  #lineageTest(ancestor: Subject): OracleTest | undefined {
    return LINEAGE_TESTS.find((name) => ancestor.test(name).evidence > this.#options.lineageEvidence)
  }

  /** Whether nearly all who act under it overstep. Otherwise others would be hit as well, and a person decides. */
  #isGuilty(ancestor: Subject, at: number): boolean {
    const test = this.#lineageTest(ancestor)
    if (test === undefined || this.#neverSuspend.has(ancestor.name)) return false
    const from = this.#from(ancestor, test, at)
    const all = ancestor.agents.since(from).length
    return ancestor.overstepped.since(from).length >= LINEAGE_SHARE * all
  }

  #from(ancestor: Subject, test: OracleTest, at: number): number {
    return Math.min(at - LINEAGE_MS, ancestor.test(test).figures.since)
  }

  #count({ at, agent, node, allowed, reason }: AuthorityDecision, isNew: boolean, ancestor: Subject): void {
    ancestor.decisions++
    const { lastRefused, decisions } = ancestor
    const after = (most: number) =>
      lastRefused !== undefined && lastRefused.agent !== agent && decisions - lastRefused.decision <= most
    if (ancestor.agents.touch(agent, at)) {
      const follows = after(this.#options.churnWithin) && lastRefused?.followed === false
      if (follows) lastRefused.followed = true
      ancestor.test('churn').update(follows, at)
    }
    if (allowed && isNew) ancestor.test('out-of-scope').update(false, at)
    if (allowed || reason !== 'out-of-scope') return
    if (isNew && ancestor.refused.add(node, at)) {
      ancestor.test('synchronised').update(after(this.#options.synchronisedWithin), at)
      if (ancestor.suspect(agent, this.#options.perAgent)) ancestor.test('out-of-scope').update(true, at)
    }
    ancestor.overstepped.touch(agent, at)
    ancestor.lastRefused = { decision: decisions, agent, followed: false }
  }

  #judge(
    subject: Subject,
    what: Pick<Verdict, 'test' | 'suspends' | 'suspended' | 'agents'>,
    at: number,
    limit: number,
  ): Verdict {
    const id = incidentId(this.#components.ids.next('incident'))
    const about = { ...what, id, subject: subject.name, openedAt: at }
    const verdict = verdictOf(about, subject.test(what.test).figures, limit)
    subject.clear()
    for (const name of what.suspended) this.#suspended.set(name, verdict)
    if (what.suspends !== 'nobody') this.#suspensions.push(at)
    this.#raiseAlert(what.test, at)
    this.#verdicts.push(verdict)
    if (this.#verdicts.length > KEPT) this.#verdicts.shift()
    this.#components.onVerdict(verdict)
    return verdict
  }

  /** No alert for a stolen token: anybody can show one. */
  #raiseAlert(test: OracleTest, at: number): void {
    const { alertAfter, alertMs } = this.#options
    if (this.#suspensions.length > alertAfter) this.#suspensions.shift()
    const [first = at] = this.#suspensions
    const isRow = this.#suspensions.length === alertAfter && at - first <= alertMs
    if (isRow || test === 'synchronised') this.#alertUntil = at + alertMs
  }
}
