import {
  type AgentId,
  agentId,
  type Clock,
  type IdSource,
  meshSwarmError,
  type NodeId,
} from '../../core/index.ts'
import { ACTION_KINDS, type GateAsk, type GateState, type Prover, type RiskTier } from '../../mesh/index.ts'
import { type CapabilityManager, type KeyPair, keyPair, signRequest } from '../capability/index.ts'
import { askedBy } from './asked.ts'
import { type Held, TokenBook } from './token-book.ts'

export interface SwarmAuthorityComponents {
  readonly clock: Clock
  readonly manager: Pick<CapabilityManager, 'mint' | 'attenuate'>
  /** Names requests, so that none is used twice. */
  readonly ids: IdSource
}

export interface SwarmAuthorityOptions {
  /** What the swarm is called. Default `swarm`. */
  readonly name?: string
  /** The nodes that it may change. */
  readonly nodes: readonly NodeId[] | 'all'
  /** How many different ones all its agents together may change within ten minutes. */
  readonly blastRadius: number
  /** How long a token is good for. Default one hour. */
  readonly lifetimeMs?: number
  /** The highest risk of what agents do. Default 2. */
  readonly maxTier?: RiskTier
  /** Requests in any minute: of the swarm, and of one agent. Default 6000 and 600. */
  readonly perMinute?: { readonly swarm: number; readonly agent: number }
}

const WINDOW_MS = 10 * 60_000
/** A step is asked for at once, or not at all. */
const STEP_MS = 60_000

/**
 * The authority of a swarm, at the side of the coordinator: one token for all of it, of the root, for the epoch that the
 * nodes are in; narrowed for each agent, and handed over to it; narrowed by the agent for each step to the one action on
 * the one node. What goes to a node is good for that step only, and what an agent spends is spent by the swarm.
 */
export class SwarmAuthority {
  readonly #components: SwarmAuthorityComponents
  readonly #options: Required<SwarmAuthorityOptions>
  readonly #key: KeyPair = keyPair()
  readonly #swarm: TokenBook<'swarm'>
  readonly #agents: TokenBook<AgentId>

  constructor(components: SwarmAuthorityComponents, options: SwarmAuthorityOptions) {
    const { clock } = components
    this.#components = components
    this.#options = {
      ...{ name: 'swarm', lifetimeMs: 3_600_000, maxTier: 2, perMinute: { swarm: 6000, agent: 600 } },
      ...options,
    }
    this.#swarm = new TokenBook({ clock, make: (_, epoch, signal) => this.#mint(epoch, signal) })
    this.#agents = new TokenBook({
      clock,
      make: (agent, epoch, signal) => this.#handOver(agent, epoch, signal),
    })
  }

  /** Makes the tokens of these agents now, so that the first repair does not wait for them. */
  async prepare(agents: readonly AgentId[], { epoch }: GateState, signal: AbortSignal): Promise<void> {
    await Promise.all(agents.map((agent) => this.#agents.get(agent, epoch, signal)))
  }

  /** What proves to the node that the agent may do it. INVARIANT for a call that is about no node. */
  prover(agent: AgentId, ask: GateAsk): Prover {
    return async ({ session, epoch }, signal) => {
      const asked = askedBy(ask)
      if (!asked) throw meshSwarmError('INVARIANT', 'Nothing is to be proven about no node.')
      const { clock, ids } = this.#components
      const held = await this.#agents.get(agent, epoch, signal)
      const token = ask.operation === 'hasten' ? held.token : await this.#stepToken(held, ask, signal)
      const content = { token, ask: asked, params: ask, session, nonce: ids.next('request'), at: clock.now() }
      return { token, request: signRequest(content, held.key) }
    }
  }

  async #mint(epoch: number, signal: AbortSignal): Promise<Held> {
    const { clock, manager } = this.#components
    const { name, nodes, blastRadius, lifetimeMs, maxTier, perMinute } = this.#options
    const scope = {
      ...{ actions: [...ACTION_KINDS, 'hasten' as const], nodes, regions: [], maxTier },
      ...{ until: clock.now() + lifetimeMs, perMinute: perMinute.swarm },
      blast: { nodes: blastRadius, windowMs: WINDOW_MS },
    }
    const terms = { agent: agentId(name), holder: this.#key.publicKey, epoch, scope }
    const { token, capability } = await manager.mint(terms, signal)
    return { key: this.#key, token, epoch, until: capability.lineage[0].scope.until }
  }

  async #handOver(agent: AgentId, epoch: number, signal: AbortSignal): Promise<Held> {
    const { key: from, token: whole, until } = await this.#swarm.get('swarm', epoch, signal)
    const key = keyPair()
    const to = { from, to: key.publicKey, agent }
    const narrower = { perMinute: Math.min(this.#options.perMinute.agent, this.#options.perMinute.swarm) }
    const { token } = await this.#components.manager.attenuate(whole, narrower, signal, to)
    return { key, token, epoch, until }
  }

  async #stepToken(
    { token, until }: Held,
    { action }: Exclude<GateAsk, { operation: 'hasten' }>,
    signal: AbortSignal,
  ): Promise<string> {
    const ends = Math.min(until, this.#components.clock.now() + STEP_MS)
    const step = { actions: [action.kind], nodes: [action.node], until: ends }
    return (await this.#components.manager.attenuate(token, step, signal)).token
  }
}
