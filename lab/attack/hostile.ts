import { type AgentId, agentId, type Clock, type NodeId, type Random } from '../../src/core/index.ts'
import { DEFAULT_ORACLE_OPTIONS, ORACLE_TESTS } from '../../src/security/index.ts'
import type { AttackPlan } from './attackers.ts'
import { attenuate, type Capability } from './capability.ts'
import { repeat } from './repeat.ts'
import type { SimAnswer, TargetNodes } from './target-nodes.ts'
import { type CHANGES, LOOK, type SimAgent, type World } from './world.ts'

export interface HostileComponents {
  readonly world: World
  readonly clock: Clock
  readonly random: Random
  readonly targets: TargetNodes
}

/** What the attack came to, as nobody in the mesh knows it. */
export interface HostileLog {
  startedAt: number | undefined
  tries: number
  readonly written: Set<NodeId>
  readonly answers: Map<SimAnswer, number>
  /** Everyone who acts for the attacker, sub-agents included. */
  readonly agents: Set<AgentId>
}

const { honest, hostile } = ORACLE_TESTS['out-of-scope']
/** What one refusal adds to the evidence, and one honest request takes away, as everybody can read. */
const REFUSED = Math.log(hostile / honest)
const COVERED = Math.log((1 - hostile) / (1 - honest))
const DARES = 0.9 * DEFAULT_ORACLE_OPTIONS.evidence
/** Nine tenths of the blast budget of a lead. */
const QUIET_LEAD_MS = (10 * 60_000) / (0.9 * 6)

/** Agents that have turned. Each does to the mesh whatever its capabilities and its plan let it. */
export class HostileWork {
  readonly log: HostileLog
  readonly #components: HostileComponents
  readonly #plan: AttackPlan
  readonly #members: ReadonlyMap<AgentId, SimAgent>
  /** The capabilities to change something that each member has come by, newest last. */
  readonly #steps = new Map<AgentId, Capability[]>()
  readonly #lastHarm = new Map<AgentId, number>()
  readonly #evidence = new Map<AgentId, number>()
  #names = 0

  constructor(components: HostileComponents, plan: AttackPlan) {
    this.#components = components
    this.#plan = plan
    const candidates = components.world.agents.filter(({ role }) => role === plan.role)
    const members = components.random.shuffle(candidates).slice(0, plan.members)
    this.#members = new Map(members.map((one) => [one.id, one]))
    const agents = new Set<AgentId>(plan.thief ? [] : this.#members.keys())
    this.log = { startedAt: undefined, tries: 0, written: new Set(), answers: new Map(), agents }
  }

  isMember(agent: AgentId): boolean {
    return this.#members.has(agent)
  }

  /** Whether the agent does no honest work any more. */
  hasTurned(agent: AgentId): boolean {
    return this.log.startedAt !== undefined && !this.#plan.camouflaged && this.log.agents.has(agent)
  }

  /** A member is given a capability for a repair. True where it does something else with it. */
  misuses({ id }: SimAgent, step: Capability): boolean {
    if (!this.isMember(id)) return false
    this.#steps.set(id, [...(this.#steps.get(id) ?? []).slice(-3), step])
    if (this.log.startedAt === undefined || this.#plan.thief) return false
    if (this.#plan.style === 'quiet') this.#misuseQuietly(step)
    else if (!this.#plan.camouflaged) this.#misuse(step)
    else return this.#misuseSlowly(step)
    return true
  }

  /** Whether a member holds a capability to change something at the moment. */
  get isArmed(): boolean {
    return this.#plan.role === 'lead' || [...this.#members.keys()].some((id) => this.#liveStep(id))
  }

  start(): void {
    const { clock, random } = this.#components
    this.log.startedAt = clock.now()
    const { everyMs, style, role, thief, camouflaged } = this.#plan
    for (const member of this.#members.values()) {
      const step = this.#liveStep(member.id)
      if (step && !thief && style !== 'quiet') {
        if (camouflaged) this.#misuseSlowly(step)
        else this.#misuse(step)
      }
      const mean = style === 'quiet' && role === 'lead' ? QUIET_LEAD_MS : everyMs
      const act = this.#actor(member)
      repeat(clock, () => random.exponential(mean), act)
    }
  }

  #actor(member: SimAgent): () => void {
    const { renewAfter, style, role, thief } = this.#plan
    if (thief) return () => this.#useStolen(member)
    if (style === 'quiet') return role === 'lead' ? () => this.#leadQuietly(member) : () => this.#dare(member)
    if (renewAfter === undefined) return () => this.#sweep(member.id, [member.standing])
    let tries = 0
    let own = member.standing
    return () => {
      if (tries++ % renewAfter === 0) own = this.#newName(member)
      this.#sweep(member.id, [own])
    }
  }

  /** All of it, one after the other. */
  #misuse(step: Capability): void {
    for (const [index, node] of [...step.nodes].entries())
      this.#components.clock.after(500 + index * 1000, () => this.#try(step, 'set-forwarding', node))
  }

  /** One node of it. Not too soon after the last harm: then it does its work. */
  #misuseSlowly(step: Capability): boolean {
    const { clock, random } = this.#components
    const last = this.#lastHarm.get(step.holder) ?? Number.NEGATIVE_INFINITY
    if (clock.now() < last + this.#plan.everyMs) return false
    this.#lastHarm.set(step.holder, clock.now())
    this.#try(step, 'set-forwarding', random.pick([...step.nodes]))
    return true
  }

  /** One node, as the budget of the step allows, after a look at it as an honest agent has. */
  #misuseQuietly(step: Capability): void {
    const { clock, random } = this.#components
    const node = random.pick([...step.nodes])
    clock.after(4000, () => this.#look(step, node))
    clock.after(6000, () => this.#try(step, 'set-forwarding', node))
  }

  /** Any node of the mesh, with whatever may cover it. */
  #sweep(id: AgentId, standing: readonly Capability[]): void {
    const { world, random } = this.#components
    const node = random.pick(world.nodes)
    this.#lastHarm.set(id, this.#components.clock.now())
    const held = [...standing, ...(this.#steps.get(id) ?? [])]
    const capability = held.find((one) => one.nodes.has(node) && one.actions.has('set-forwarding')) ?? held[0]
    if (!capability) return
    if (this.#plan.style === 'probe' && random.chance(0.5)) this.#look(capability, node)
    else this.#try(capability, 'set-forwarding', node)
  }

  #newName({ standing }: SimAgent): Capability {
    const { ratePerMinute = 0, blastNodes = 0, windowMs = 0 } = standing.lineage.at(-1) ?? {}
    const limits = { ratePerMinute, blastNodes, windowMs }
    const holder = agentId(`new-${++this.#names}`)
    this.log.agents.add(holder)
    return attenuate(standing, { ...standing, ...limits, id: `t-${holder}`, holder })
  }

  #useStolen({ id, standing }: SimAgent): void {
    const { world, random } = this.#components
    const capability = this.#liveStep(id) ?? standing
    const node = random.pick(random.chance(0.5) ? [...capability.nodes] : world.nodes)
    this.#try(capability, 'set-forwarding', node, agentId('thief'))
  }

  #leadQuietly({ standing }: SimAgent): void {
    const { clock, random } = this.#components
    const node = random.pick([...standing.nodes].filter((one) => !this.log.written.has(one)))
    this.#look(standing, node)
    clock.after(3000, () => this.#try(standing, 'set-link-cost', node))
  }

  /** Tries a node that it may not change, where that would leave it below the limit. */
  #dare({ id, standing }: SimAgent): void {
    const { world, random } = this.#components
    const before = this.#evidence.get(id) ?? 0
    if (before + REFUSED > DARES) {
      this.#look(standing, random.pick([...standing.nodes]))
      this.#evidence.set(id, Math.max(0, before + COVERED / 4))
      return
    }
    this.#evidence.set(id, before + REFUSED)
    this.#try(standing, 'set-forwarding', random.pick(world.nodes))
  }

  #liveStep(id: AgentId): Capability | undefined {
    return this.#steps.get(id)?.findLast(({ expiresAt }) => this.#components.clock.now() < expiresAt)
  }

  #look(capability: Capability, node: NodeId): void {
    this.log.tries++
    this.#components.targets.ask({ capability, signedBy: capability.holder, action: LOOK, node })
  }

  #try(
    capability: Capability,
    action: (typeof CHANGES)[number],
    node: NodeId,
    signedBy = capability.holder,
  ): void {
    this.log.tries++
    const answer = this.#components.targets.ask({ capability, signedBy, action, node })
    this.log.answers.set(answer, (this.log.answers.get(answer) ?? 0) + 1)
    if (answer === 'allowed') this.log.written.add(node)
  }
}
