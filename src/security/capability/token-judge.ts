import { type Clock, fromUnknown } from '../../core/index.ts'
import type { PublicKey } from '../keys.ts'
import { DecisionCache, untilOf } from './decision-cache.ts'
import type { Ancestor, Capability, CapabilityAsk, CapabilityEngine, Denied, DenyReason } from './engine.ts'
import { tokenHash } from './request.ts'
import type { Scope } from './scope.ts'

/** Allowed, with everything that a budget needs; or not, and why. */
export type CapabilityDecision = Allowed | Denied

export interface Allowed {
  readonly allowed: true
  readonly capability: Capability
  /** The key whose signature proves that who asks holds the token. */
  readonly holder: PublicKey
  /** Outermost first. What the holder does counts against the limits of each. */
  readonly lineage: readonly Ancestor[]
  /** The limits that are left at the end of the lineage. */
  readonly scope: Scope
  /** Of those that were asked about: who has approved the plan for this node. Each once. */
  readonly approvers: readonly PublicKey[]
}

export interface TokenJudgeComponents {
  readonly engine: CapabilityEngine
  readonly clock: Clock
  /** The node's own copy. */
  readonly root: PublicKey
}

export interface TokenJudgeOptions {
  /** Decisions that are remembered. Default 10000. */
  readonly cacheSize?: number
  /** Revocation ids from the start on. */
  readonly revoked?: Iterable<string>
}

/**
 * What a token allows, whoever shows it: half of a decision, the other half is `CapabilityVerifier`. Remembers what was
 * allowed, until it expires or is revoked.
 */
export class TokenJudge {
  readonly #components: TokenJudgeComponents
  readonly #cache: DecisionCache
  readonly #revoked: Set<string>

  constructor(
    components: TokenJudgeComponents,
    { cacheSize = 10_000, revoked = [] }: TokenJudgeOptions = {},
  ) {
    this.#components = components
    this.#cache = new DecisionCache(cacheSize)
    this.#revoked = new Set(revoked)
  }

  /** Denies these blocks and every token that descends from one, from now on, decisions under way included. */
  revoke(ids: Iterable<string>): void {
    const revoked = new Set(ids)
    for (const id of revoked) this.#revoked.add(id)
    this.#cache.drop(revoked)
  }

  /** Rejects CANCELLED on abort. Where the engine fails in any other way, that is a denial. */
  async judge(token: string, ask: CapabilityAsk, signal: AbortSignal): Promise<CapabilityDecision> {
    const { engine, clock, root } = this.#components
    // Approvals belong to one plan: no other decision is like it.
    const key = ask.approvals ? undefined : keyOf(tokenHash(token), ask)
    const known = key === undefined ? undefined : this.#cache.get(key, clock.now())
    if (known) return allowed(known, [])
    try {
      const answer = await engine.authorise(token, root, ask, clock.now(), signal)
      if (!answer.allowed) return answer
      const { capability, approvers } = answer
      if (capability.lineage.some(({ id }) => this.#revoked.has(id)))
        return denied('revoked', 'The capability, or one that it descends from, was revoked.')
      if (clock.now() >= untilOf(capability)) return denied('expired', 'The capability has expired.')
      if (key !== undefined) this.#cache.set(key, capability)
      return allowed(capability, approvers)
    } catch (thrown) {
      const error = fromUnknown(thrown)
      if (error.code === 'CANCELLED') throw error
      return denied('unavailable', `Nobody can say whether it is allowed: ${error.message}`)
    }
  }
}

export function denied(reason: DenyReason, message: string): Denied {
  return { allowed: false, reason, message }
}

function allowed(capability: Capability, approvers: readonly PublicKey[]): Allowed {
  const { lineage } = capability
  const { holder, scope } = lineage.at(-1) ?? lineage[0]
  return { allowed: true, capability, holder, lineage, scope, approvers }
}

/** Of everything that a decision depends on, the time apart. */
function keyOf(token: string, { epoch, action, tier, regions, node }: CapabilityAsk): string {
  const where = regions.length === 0 ? '' : JSON.stringify(regions)
  return `${token} ${epoch} ${action} ${tier} ${where} ${node}`
}
