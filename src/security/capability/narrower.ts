import { type AgentId, type Clock, meshSwarmError } from '../../core/index.ts'
import type { KeyPair, PublicKey } from '../keys.ts'
import { describeCapability } from './describe.ts'
import type { Approval, Capability, CapabilityEngine } from './engine.ts'
import { isPlan } from './plan-hash.ts'
import { checkRestriction } from './restriction.ts'
import { isName, type Restriction, widerThan } from './scope.ts'

export interface CapabilityNarrowerComponents {
  readonly engine: CapabilityEngine
  readonly clock: Clock
  /** Whose tokens they are. Nobody needs the root's own key to make one narrower. */
  readonly root: PublicKey
}

/** A token, and what it says. */
export interface Minted {
  readonly token: string
  readonly capability: Capability
}

/** `from` signs off that the narrower token is for `to`. */
export interface HandoverKeys {
  readonly from: KeyPair
  readonly to: PublicKey
  /** The name of who gets it; without one it stays as it was. */
  readonly agent?: AgentId
}

/**
 * Gives authority on, and only ever less of it: from an agent to its sub-agents and to its single steps. What there is to
 * give comes from `CapabilityManager`; whether a token counts, the `CapabilityVerifier` of each node says.
 */
export class CapabilityNarrower {
  readonly #components: CapabilityNarrowerComponents

  constructor(components: CapabilityNarrowerComponents) {
    this.#components = components
  }

  /**
   * The token with less in it. With `handover` for another holder: the present one has to sign that off. Rejects
   * ACTION_DENIED, with the parts as details, where any part would be wider, or `from` is not the holder.
   */
  async attenuate(
    token: string,
    restriction: Restriction,
    signal: AbortSignal,
    handover?: HandoverKeys,
  ): Promise<Minted> {
    const { engine, root } = this.#components
    checkRestriction(restriction)
    if (handover?.agent !== undefined && !isName(handover.agent))
      throw meshSwarmError('INVALID_INPUT', 'Who gets a capability has a plain name.')
    const { lineage } = await engine.read(token, root, signal)
    const { scope, holder } = lineage.at(-1) ?? lineage[0]
    const wider = widerThan(scope, restriction)
    if (wider.length > 0)
      throw meshSwarmError(
        'ACTION_DENIED',
        `A capability never becomes wider, as here: ${wider.join(', ')}.`,
        {
          details: { reason: 'wider', wider },
        },
      )
    if (handover && (handover.from.publicKey !== holder || lineage.some((one) => one.holder === handover.to)))
      throw meshSwarmError(
        'ACTION_DENIED',
        'Only its holder hands a capability over, and to nobody who had it.',
        {
          details: { reason: 'handover', holder },
        },
      )
    const block = {
      kind: 'restriction' as const,
      restriction,
      ...(handover ? { handover: handover.to } : {}),
      ...(handover?.agent === undefined ? {} : { to: handover.agent }),
    }
    return this.#read(await engine.append(token, root, block, handover?.from, signal), signal)
  }

  /** The token with the consent of one more approver to one plan. */
  async approve(token: string, approval: Approval, approver: KeyPair, signal: AbortSignal): Promise<Minted> {
    const { engine, root } = this.#components
    checkRestriction({ nodes: approval.nodes, until: approval.until })
    if (!isPlan(approval.plan))
      throw meshSwarmError('INVALID_INPUT', 'A plan is approved by its SHA-256, 64 hexadecimal digits.')
    const block = { kind: 'approval' as const, approval }
    return this.#read(await engine.append(token, root, block, approver, signal), signal)
  }

  /** As a sentence, for a person: "agent monitor-7 may probe nodes 12, 13, 40 until 14:05 UTC, 60 times a minute". */
  async describe(token: string, signal: AbortSignal): Promise<string> {
    const { engine, clock, root } = this.#components
    return describeCapability(await engine.read(token, root, signal), clock.now())
  }

  async #read(token: string, signal: AbortSignal): Promise<Minted> {
    const { engine, root } = this.#components
    return { token, capability: await engine.read(token, root, signal) }
  }
}
