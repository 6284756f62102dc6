import {
  type AgentId,
  type Cancel,
  type Clock,
  fromUnknown,
  type MeshSwarmError,
  type NodeId,
  throwIfCancelled,
} from '../../core/index.ts'
import type { Admission, GateAsk, GateState, NodeGate, Proof } from '../../mesh/index.ts'
import {
  type Allowed,
  type Ancestor,
  type Capability,
  type CapabilityDecision,
  type CapabilityEngine,
  CapabilityVerifier,
  type PublicKey,
  parseRequest,
  planHash,
} from '../capability/index.ts'
import type { EpochGuard } from '../epoch/epoch-guard.ts'
import type { AuthorityLimits, LineageLimit, Reservation } from '../limits/index.ts'
import type { AntiMeaveOracle, AuthorityReason } from '../oracle/index.ts'
import type { PolicyManager } from '../policy/policy-manager.ts'
import { type Asked, askedBy, healsOwnDaemon } from './asked.ts'
import type { GateDecision } from './gate-decision.ts'
import { authorityReason, reasonOf, refused } from './refusals.ts'
import { openStatement } from './statement.ts'

export interface AuthorityGateComponents {
  readonly clock: Clock
  readonly engine: CapabilityEngine
  /** The node's own copy of the root's key. */
  readonly root: PublicKey
  readonly guard: EpochGuard
  readonly policy: Pick<PolicyManager, 'decide'>
  readonly limits: AuthorityLimits
  readonly oracle: AntiMeaveOracle
  /** Gets every decision before it has consequences. Where it throws or rejects, nothing is done. */
  readonly onDecision: (decision: GateDecision) => unknown
  /** A block was revoked: what is kept of it is kept before it counts. */
  readonly onRevoked: (statement: unknown) => void
}

export interface AuthorityGateOptions {
  /** That nobody can guess, another one at each start. */
  readonly session: string
  readonly meshSize: () => number
  readonly regionsOf?: (node: NodeId) => readonly string[]
  /** Those whose approvals count: the name of each key. Default: none. */
  readonly approvers?: ReadonlyMap<PublicKey, string>
  /** So many of them let a plan pass the network's budget. Default 2. */
  readonly approvals?: number
  /** Ids of blocks that are revoked. */
  readonly revoked?: Iterable<string>
}

/** What was found out about a call, as far as it came. */
interface Findings {
  capability?: Capability
  approvers: readonly PublicKey[]
  policies: readonly string[]
  reservation?: Reservation
}

/**
 * The gate of a node: epoch, token, holder, suspension, budgets and policy, in this order, each checked here and by
 * nobody's word; then the decision is written down, and only then it is let through. An undo passes whatever the epoch
 * and the budgets say.
 */
export class AuthorityGate implements NodeGate {
  readonly #components: AuthorityGateComponents
  readonly #options: Required<AuthorityGateOptions>
  readonly #verifier: CapabilityVerifier
  readonly #listeners = new Set<(state: GateState) => void>()

  constructor(components: AuthorityGateComponents, options: AuthorityGateOptions) {
    const {
      session,
      regionsOf = () => [],
      approvers = new Map(),
      approvals = 2,
      revoked = [],
      meshSize,
    } = options
    this.#components = components
    this.#options = { session, regionsOf, approvers, approvals, revoked, meshSize }
    this.#verifier = new CapabilityVerifier(components, { session, revoked })
  }

  get state(): GateState {
    const { guard } = this.#components
    const epoch = guard.epoch?.number ?? 0
    return { session: this.#options.session, epoch, closed: guard.closed }
  }

  onChange(listener: (state: GateState) => void): Cancel {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async tell(statement: unknown): Promise<void> {
    const { guard, root, onRevoked } = this.#components
    const opened = openStatement(statement, root)
    if (opened.kind === 'epoch') await guard.accept(opened.signed)
    else {
      this.#verifier.revoke([opened.id])
      onRevoked(opened.signed)
    }
    this.#changed()
  }

  async admit(ask: GateAsk, proof: Proof | undefined, signal: AbortSignal): Promise<Admission> {
    throwIfCancelled(signal, 'The call')
    const findings: Findings = { approvers: [], policies: [] }
    const asked = askedBy(ask)
    try {
      if (!asked) throw refused('node', 'it is about no node.')
      await this.#decide(ask, asked, proof, findings, signal)
      await this.#components.onDecision(decisionOf(ask, findings))
    } catch (thrown) {
      const error = fromUnknown(thrown)
      findings.reservation?.cancel()
      if (error.code !== 'CANCELLED') await this.#refuse(ask, asked, proof, findings, error)
      throw error
    }
    if (findings.capability) this.#observe(asked, findings.capability, 'allowed')
    const undoes = ask.operation === 'rollback'
    return {
      signal: undoes ? new AbortController().signal : this.#components.guard.signal,
      lineage: idsOf(findings.capability),
      end: () => findings.reservation?.end(),
    }
  }

  async #decide(
    ask: GateAsk,
    asked: Asked,
    proof: Proof | undefined,
    findings: Findings,
    signal: AbortSignal,
  ): Promise<void> {
    const { guard, limits, oracle } = this.#components
    if (ask.operation !== 'rollback') guard.admit({ ownDaemon: healsOwnDaemon(ask) })
    const decision = await this.#verify(ask, asked, proof, signal)
    if (decision.capability) findings.capability = decision.capability
    if (!decision.allowed) throw refused(decision.reason, decision.message)
    const { capability, scope, approvers } = decision
    findings.approvers = approvers
    const outside = ask.operation === 'hasten' && ask.nodes.find((node) => !this.#covers(scope, node))
    if (outside) throw refused('node', `the capability does not cover ${outside}.`)
    const { agent, lineage } = capability
    const suspension = oracle.suspendedBy(agent, idsOf(capability))
    if (suspension && asked.draws !== 'undo')
      throw refused('suspended', `${suspension.title} (${suspension.id}): a person has to lift that.`)
    const approved = approvers.length >= this.#options.approvals
    const { node, draws: operation } = asked
    findings.reservation = limits.reserve({ lineage: lineage.map(limitOf), node, operation, approved })
    if (ask.operation !== 'hasten') this.#askPolicy(ask, asked, capability, findings)
  }

  async #verify(
    ask: GateAsk,
    { action, node, tier }: Asked,
    proof: Proof | undefined,
    signal: AbortSignal,
  ): Promise<CapabilityDecision> {
    if (!proof) throw refused('malformed', 'nobody shows a capability.')
    const { guard } = this.#components
    const { regionsOf, approvers } = this.#options
    const plan = ask.operation === 'apply' ? ask.plan : undefined
    if (
      plan &&
      !plan.some((one) => JSON.stringify(one) === JSON.stringify(ask.operation === 'apply' && ask.action))
    )
      throw refused('approvals', 'the plan that was approved does not have this action.')
    return this.#verifier.verify(
      proof.token,
      proof.request,
      {
        ...{ action, node, tier, regions: regionsOf(node), epoch: guard.epoch?.number ?? 0, params: ask },
        ...(plan ? { approvals: { plan: planHash(plan), approvers: [...approvers.keys()], least: 0 } } : {}),
      },
      signal,
    )
  }

  #namesOf(approvers: readonly PublicKey[]): readonly string[] {
    return approvers.map((key) => this.#options.approvers.get(key) ?? key)
  }

  /** As the token's checks would say it for the other nodes of a call. */
  #covers({ nodes, regions }: Allowed['scope'], node: NodeId): boolean {
    const isIn = new Set(this.#options.regionsOf(node))
    return (nodes === 'all' || nodes.includes(node)) && regions.every((region) => isIn.has(region))
  }

  #askPolicy(
    { operation, action }: Exclude<GateAsk, { operation: 'hasten' }>,
    { node, tier }: Asked,
    { agent }: Capability,
    findings: Findings,
  ): void {
    const { clock, guard, limits, policy } = this.#components
    const { regionsOf, meshSize } = this.#options
    const decision = policy.decide({
      agent: { id: agent, groups: ['executor'] },
      node: { id: node, regions: regionsOf(node) },
      asks: { operation, action: action.kind },
      // A node that does not heal has no capability that it believes, and no epoch.
      mode: 'heal',
      ...{
        tier,
        at: clock.now(),
        epoch: guard.epoch?.number ?? 0,
        approvals: this.#namesOf(findings.approvers),
        // What it was read out of is known where it was proposed, and policy was asked there.
        evidence: [],
      },
      ...{ nodesWritten: limits.networkUsed, nodesAllowed: limits.networkLimit, meshNodes: meshSize() },
    })
    findings.policies = decision.policies.map(({ id }) => id)
    if (!decision.allowed) throw refused('policy', decision.why)
  }

  /** Writes the refusal down. It stands whether or not that can be done. */
  async #refuse(
    ask: GateAsk,
    asked: Asked | undefined,
    proof: Proof | undefined,
    findings: Findings,
    error: MeshSwarmError,
  ): Promise<void> {
    try {
      const refusal = { code: error.code, reason: reasonOf(error), why: error.message }
      this.#observeRefusal(asked, findings.capability, proof, error)
      await this.#components.onDecision({ ...decisionOf(ask, findings), refusal })
    } catch {
      // The refusal is what counts.
    }
  }

  #observeRefusal(
    asked: Asked | undefined,
    capability: Capability | undefined,
    proof: Proof | undefined,
    error: MeshSwarmError,
  ): void {
    if (!asked || !capability) return
    const own = ownToken(capability)
    const signer = parseRequest(proof?.request)?.holder
    const reason = authorityReason(error, own.id)
    // The signature was good, or the reason says nothing about who asked. It was not the holder's for that.
    const said = reason === 'out-of-scope' && signer !== own.holder ? 'unproven' : reason
    if (said !== 'other') this.#observe(asked, capability, said)
  }

  #observe({ draws, action, node }: Asked, capability: Capability, reason: AuthorityReason): void {
    if (draws === 'undo') return
    const { clock, oracle } = this.#components
    const { agent, lineage } = capability
    const ids = lineage.slice(0, lineage.indexOf(ownToken(capability)) + 1).map(({ id }) => id)
    const allowed = reason === 'allowed'
    const operation = draws === 'write' ? 'write' : 'read'
    const about = { at: clock.now(), agent, lineage: ids, operation, action, node } as const
    if (oracle.observe({ ...about, allowed, reason })) this.#changed()
  }

  #changed(): void {
    for (const listener of this.#listeners) listener(this.state)
  }
}

function decisionOf(ask: GateAsk, { capability, policies, approvers }: Findings): GateDecision {
  const agent: AgentId | undefined = capability?.agent
  return { ask, agent, token: idsOf(capability), policies, approvers, refusal: undefined }
}

function idsOf(capability: Capability | undefined): readonly string[] {
  return capability?.lineage.map(({ id }) => id) ?? []
}

function limitOf({ id, scope: { perMinute, blast } }: Ancestor): LineageLimit {
  return { id, ratePerMinute: perMinute, blastNodes: blast.nodes, windowMs: blast.windowMs }
}

/** The one that the holder was given: what it narrowed for itself since, step by step, is the same one to the oracle. */
function ownToken({ lineage }: Capability): Ancestor {
  const [root] = lineage
  const holder = lineage.at(-1)?.holder
  return lineage.find((one) => one.holder === holder) ?? root
}
