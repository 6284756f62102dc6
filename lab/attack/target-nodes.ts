import { type AgentId, type Clock, fromUnknown, type NodeId, sequentialIds } from '../../src/core/index.ts'
import {
  AntiMeaveOracle,
  AuthorityLimits,
  type AuthorityReason,
  type Reservation,
  type Verdict,
} from '../../src/security/index.ts'
import type { Capability } from './capability.ts'
import { LOOK, ROOT, type World } from './world.ts'

/** How much of the authority is in force; each holds those before it. */
export const LAYERS = ['no control', 'capability', 'limits', 'oracle'] as const
export type Layer = (typeof LAYERS)[number]

export interface SimRequest {
  readonly capability: Capability
  /** Whose key signed it. A clock that is off makes it somebody unknown. */
  readonly signedBy: AgentId | undefined
  readonly action: string
  readonly node: NodeId
}

export type SimAnswer = AuthorityReason | 'suspended'

/** How long a change stays open, until it is confirmed. */
const CHANGE_MS = 15_000
/** From a verdict until every node knows it. */
const SPREAD_MS = 2000

/** All nodes of the mesh: each decides by capability, suspensions and limits, and reports the decision. */
export class TargetNodes {
  readonly oracle: AntiMeaveOracle
  readonly #level: number
  readonly #clock: Clock
  readonly #limits: AuthorityLimits
  decisions = 0

  constructor(
    {
      world,
      clock,
      onVerdict,
    }: {
      readonly world: World
      readonly clock: Clock
      readonly onVerdict: (verdict: Verdict) => void
    },
    { layer }: { readonly layer: Layer },
  ) {
    this.#level = LAYERS.indexOf(layer)
    this.#clock = clock
    const { nodes, groupsOf } = world
    this.#limits = new AuthorityLimits({ clock, meshSize: () => nodes.length, groupsOf })
    this.oracle = new AntiMeaveOracle({ ids: sequentialIds(), onVerdict }, { neverSuspend: [ROOT] })
  }

  /** `allowed` where the node did it. */
  ask(request: SimRequest): SimAnswer {
    this.decisions++
    const { capability, action, node } = request
    const answer = this.#decide(request)
    if (this.#level === LAYERS.length - 1) {
      this.oracle.observe({
        at: this.#clock.now(),
        agent: capability.holder,
        lineage: capability.lineage.map(({ id }) => id),
        operation: action === LOOK ? 'read' : 'write',
        action,
        node,
        allowed: answer === 'allowed',
        reason: answer === 'suspended' ? 'other' : answer,
      })
    }
    return answer
  }

  /** True once every node knows that the agent, or a token that it acts under, is suspended. */
  isSuspended({ holder, lineage }: Capability): boolean {
    if (this.#level < LAYERS.length - 1) return false
    const verdict = this.oracle.suspendedBy(
      holder,
      lineage.map(({ id }) => id),
    )
    return verdict !== undefined && this.#clock.now() >= verdict.openedAt + SPREAD_MS
  }

  #decide({ capability, signedBy, action, node }: SimRequest): SimAnswer {
    if (this.#level === 0) return 'allowed'
    if (signedBy !== capability.holder) return 'unproven'
    if (this.#clock.now() >= capability.expiresAt) return 'other'
    if (!capability.actions.has(action) || !capability.nodes.has(node)) return 'out-of-scope'
    if (this.isSuspended(capability)) return 'suspended'
    return this.#level === 1 ? 'allowed' : this.#reserve(capability, action, node)
  }

  #reserve({ id, lineage }: Capability, action: string, node: NodeId): SimAnswer {
    const operation = action === LOOK ? 'read' : 'write'
    let reservation: Reservation
    try {
      reservation = this.#limits.reserve({ lineage, node, operation })
    } catch (thrown) {
      const { details } = fromUnknown(thrown)
      return details.budget === 'blast' && details.subject === id ? 'own-budget' : 'other'
    }
    if (operation === 'read') reservation.end()
    else this.#clock.after(CHANGE_MS, () => reservation.end())
    return 'allowed'
  }
}
