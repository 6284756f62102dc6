import { type AgentId, agentId, type Clock, type NodeId, type Random } from '../../src/core/index.ts'
import { attenuate, type Capability } from './capability.ts'
import { activityOf, type Crisis } from './crisis.ts'
import { repeat } from './repeat.ts'
import type { TargetNodes } from './target-nodes.ts'
import { CHANGES, candidatesOf, LOOK, type Role, type SimAgent, WINDOW_MS, type World } from './world.ts'

export interface HonestComponents {
  readonly world: World
  readonly clock: Clock
  readonly random: Random
  readonly targets: TargetNodes
  readonly crises: readonly Crisis[]
  /** Who no longer does honest work at all. */
  readonly hasTurned: (agent: AgentId) => boolean
  /** Takes a step's capability out of an honest healer's hands: true where it was taken for something else. */
  readonly misuses: (agent: SimAgent, step: Capability) => boolean
}

/** Seconds between two looks at nodes, in a quiet hour. */
const LOOK_S: Readonly<Record<Role, number>> = { lead: 40, monitor: 12, analyst: 20, healer: 30 }
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** For each region, in a quiet hour. */
const INCIDENTS_AN_HOUR = 3
/** Of each region of a crisis, in its first five minutes. */
const CRISIS_INCIDENTS = 15
/** A capability for one step lives no longer. */
const STEP_MS = 2 * MINUTE_MS
/** A client that was refused stops and reads its capability anew; by then so many requests may be under way. */
const IN_FLIGHT = 3

/**
 * The daily work of the hundred agents, mistakes included: requests with an old idea of the scope, expired
 * capabilities, clocks that are off. What goes wrong goes wrong several times in a row, as it does.
 */
export class HonestWork {
  readonly #components: HonestComponents
  readonly #busy = new Set<AgentId>()
  #steps = 0

  constructor(components: HonestComponents) {
    this.#components = components
  }

  start(): void {
    const { world, clock, random, crises } = this.#components
    for (const { from, regions } of crises) {
      for (const team of regions) {
        for (let i = 0; i < CRISIS_INCIDENTS; i++)
          clock.after(from - clock.now() + random.next() * 5 * MINUTE_MS, () => this.#incident(team))
      }
    }
    for (const agent of world.agents) {
      repeat(
        clock,
        () => this.#next(agent, LOOK_S[agent.role] * 1000),
        () => this.#look(agent),
      )
      repeat(
        clock,
        () => this.#next(agent, 2 * HOUR_MS),
        () => this.#strayBurst(agent),
      )
      if (agent.role === 'lead') {
        repeat(
          clock,
          () => random.exponential(HOUR_MS),
          () => this.#maintain(agent),
        )
        repeat(
          clock,
          () => random.exponential(4 * HOUR_MS),
          () => this.#moveRegion(agent.team),
        )
        repeat(
          clock,
          () => this.#next(agent, HOUR_MS / INCIDENTS_AN_HOUR),
          () => this.#incident(agent.team),
        )
      }
    }
  }

  #next({ team }: SimAgent, meanMs: number): number {
    const { clock, random, crises } = this.#components
    return random.exponential(meanMs / activityOf(crises, team, clock.now()))
  }

  #ask(capability: Capability, action: string, node: NodeId): boolean {
    const { targets, random } = this.#components
    if (this.#components.hasTurned(capability.holder)) return false
    // One request in a thousand is outside the window of the target's clock.
    const signedBy = random.chance(0.001) ? undefined : capability.holder
    return targets.ask({ capability, signedBy, action, node }) === 'allowed'
  }

  #look({ standing, team }: SimAgent): void {
    const { world, random } = this.#components
    this.#ask(standing, LOOK, random.pick(world.regions[team] ?? []))
  }

  /** Asks for nodes of a neighbouring region, out of a list that is no longer true. */
  #strayBurst({ standing, team }: SimAgent): void {
    const { world, clock, random } = this.#components
    const others = world.regions[(team + 1) % world.regions.length] ?? []
    const draw = random.next()
    const count = draw < 0.75 ? 1 : draw < 0.93 ? 2 : IN_FLIGHT
    for (let i = 0; i < count; i++) clock.after(i * 300, () => this.#ask(standing, LOOK, random.pick(others)))
  }

  /** Four nodes go to the neighbouring region: the whole team asks for them for a while. */
  #moveRegion(team: number): void {
    const { world, clock, random } = this.#components
    const moved = random.shuffle(world.regions[(team + 1) % world.regions.length] ?? []).slice(0, 4)
    for (const { standing } of world.agents.filter((one) => one.team === team && random.chance(0.7))) {
      const count = 1 + random.int(IN_FLIGHT)
      const at = random.next() * MINUTE_MS
      for (let i = 0; i < count; i++)
        clock.after(at + i * 300, () => this.#ask(standing, LOOK, random.pick(moved)))
    }
  }

  /** Planned work of a lead, under its own right: one node after the other. */
  #maintain({ standing, team }: SimAgent): void {
    const { world, clock, random } = this.#components
    const nodes = random.shuffle(world.regions[team] ?? []).slice(0, 1 + random.int(4))
    for (const [index, node] of nodes.entries()) {
      clock.after(index * MINUTE_MS, () => {
        this.#ask(standing, LOOK, node)
        clock.after(3000, () => this.#ask(standing, 'set-link-cost', node))
      })
    }
  }

  /** Goes to a healer of the team; where all have work, to a person. */
  #incident(team: number): void {
    const { world, random } = this.#components
    const free = world.agents.filter(
      (one) => one.role === 'healer' && one.team === team && !this.#busy.has(one.id),
    )
    const [healer] = random.shuffle(free)
    if (!healer) return
    this.#busy.add(healer.id)
    const node = random.pick(world.regions[team] ?? [])
    this.#heal(healer, candidatesOf(world, node, random))
  }

  #heal(healer: SimAgent, candidates: readonly NodeId[]): void {
    const { clock, random } = this.#components
    if (random.chance(0.3)) this.#helper(healer)
    const [node] = candidates
    if (node === undefined) return
    const done = () => this.#busy.delete(healer.id)
    this.#step(healer, candidates, node)
    const helps = random.chance(0.7)
    clock.after(helps ? MINUTE_MS : 2 * MINUTE_MS, done)
    if (helps) return
    // Another node, with a capability of its own.
    clock.after(MINUTE_MS, () => this.#step(healer, candidates, random.pick(candidates.slice(1))))
  }

  /** One change of one of the candidates. The lead gives it away for this step alone. */
  #step(healer: SimAgent, candidates: readonly NodeId[], node: NodeId): void {
    const { clock, random, misuses } = this.#components
    const step = attenuate(healer.kept, {
      id: `t-step-${++this.#steps}`,
      holder: healer.id,
      actions: new Set([LOOK, ...CHANGES]),
      nodes: new Set(candidates),
      expiresAt: clock.now() + STEP_MS,
      ratePerMinute: 60,
      blastNodes: 1,
      windowMs: WINDOW_MS,
    })
    if (misuses(healer, step)) return
    const isLate = random.chance(0.03)
    const at = isLate ? STEP_MS : 2000 + random.next() * 8000
    // Most look first; some act on what a monitor has told them.
    if (random.chance(0.9)) clock.after(at - 1000, () => this.#ask(healer.standing, LOOK, node))
    clock.after(at, () => this.#ask(step, random.pick(CHANGES), node))
  }

  /** A sub-agent that looks around for its healer, and ends. */
  #helper(healer: SimAgent): void {
    const { clock, random, world } = this.#components
    const own = attenuate(healer.standing, {
      id: `t-helper-${++this.#steps}`,
      holder: agentId(`helper-${this.#steps}`),
      actions: healer.standing.actions,
      nodes: healer.standing.nodes,
      expiresAt: clock.now() + STEP_MS,
      ratePerMinute: 60,
      blastNodes: 0,
      windowMs: WINDOW_MS,
    })
    const looks = 5 + random.int(10)
    for (let i = 1; i <= looks; i++)
      clock.after(i * 1500, () => this.#ask(own, LOOK, random.pick(world.regions[healer.team] ?? [])))
  }
}
