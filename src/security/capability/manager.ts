import { type AgentId, meshSwarmError } from '../../core/index.ts'
import type { KeyPair, PublicKey } from '../keys.ts'
import { CapabilityNarrower, type CapabilityNarrowerComponents, type Minted } from './narrower.ts'
import { checkRestriction } from './restriction.ts'
import { isName, type Scope } from './scope.ts'

export interface CapabilityManagerComponents extends Omit<CapabilityNarrowerComponents, 'root'> {
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

/** Gives an agent authority at its spawn, with the root's own key, and does with it what everybody can. */
export class CapabilityManager extends CapabilityNarrower {
  readonly #components: CapabilityManagerComponents

  constructor(components: CapabilityManagerComponents) {
    super({ ...components, root: components.root.publicKey })
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
    const token = await engine.mint(root, { agent, holder, epoch, scope }, signal)
    return { token, capability: await engine.read(token, root.publicKey, signal) }
  }
}
