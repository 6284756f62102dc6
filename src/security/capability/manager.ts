import { type AgentId, type Clock, meshSwarmError } from '../../core/index.ts'
import type { KeyPair, PublicKey } from '../keys.ts'
import { describeCapability } from './describe.ts'
import type { Approval, Capability, CapabilityEngine } from './engine.ts'
import { checkRestriction } from './restriction.ts'
import { isName, type Restriction, type Scope, widerThan } from './scope.ts'

export interface CapabilityManagerComponents {
  readonly engine: CapabilityEngine
  readonly clock: Clock
  /** The root of authority. It does not leave this object and its engine. */
  readonly root: KeyPair
}

/** What an agent gets when it is spawned. */
export interface MintOptions {
  readonly agent: AgentId
  readonly holder: PublicKey
  /** The present one: a token of an earlier epoch is worth nothing. */
  readonly epoch: number
  readonly scope: Scope
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
 * Gives authority away, and only ever less of it: to an agent at its spawn, from it to its sub-agents and to its single
 * steps. Whether a token counts, the `CapabilityVerifier` of each node says.
 */
export class CapabilityManager {
  readonly #components: CapabilityManagerComponents

  constructor(components: CapabilityManagerComponents) {
    this.#components = components
  }

  /** INVALID_INPUT for what no token can say, or for one that has expired already. */
  async mint({ agent, holder, epoch, scope }: MintOptions, signal: AbortSignal): Promise<Minted> {
    const { engine, root, clock } = this.#components
    checkRestriction(scope)
    if (!isName(agent) || !(Number.isSafeInteger(epoch) && epoch >= 0) || scope.until <= clock.now())
      throw meshSwarmError(
        'INVALID_INPUT',
        'A capability needs a plain name, an epoch and an end in the future.',
        {
          details: { agent, epoch, until: scope.until },
        },
      )
    return this.#read(await engine.mint(root, { agent, holder, epoch, scope }, signal), signal)
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
    const { lineage } = await engine.read(token, root.publicKey, signal)
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
    return this.#read(await engine.append(token, root.publicKey, block, handover?.from, signal), signal)
  }

  /** The token with the consent of one more approver to one plan. */
  async approve(token: string, approval: Approval, approver: KeyPair, signal: AbortSignal): Promise<Minted> {
    const { engine, root } = this.#components
    checkRestriction({ nodes: approval.nodes, until: approval.until })
    if (!/^[0-9a-f]{64}$/.test(approval.plan))
      throw meshSwarmError('INVALID_INPUT', 'A plan is approved by its SHA-256, 64 hexadecimal digits.')
    const block = { kind: 'approval' as const, approval }
    return this.#read(await engine.append(token, root.publicKey, block, approver, signal), signal)
  }

  /** As a sentence, for a person: "agent monitor-7 may probe nodes 12, 13, 40 until 14:05 UTC, 60 times a minute". */
  async describe(token: string, signal: AbortSignal): Promise<string> {
    const { engine, clock, root } = this.#components
    return describeCapability(await engine.read(token, root.publicKey, signal), clock.now())
  }

  async #read(token: string, signal: AbortSignal): Promise<Minted> {
    const { engine, root } = this.#components
    return { token, capability: await engine.read(token, root.publicKey, signal) }
  }
}
