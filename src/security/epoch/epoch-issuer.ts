import { type Clock, meshSwarmError } from '../../core/index.ts'
import type { KeyPair } from '../capability/index.ts'
import type { EpochStore } from './epoch-file.ts'
import { type Epoch, openEpoch, type SignedEpoch, signEpoch } from './signed-epoch.ts'

export interface EpochIssuerComponents {
  readonly clock: Clock
  readonly root: KeyPair
  /** Where the authority keeps its last one: the next one's number comes from there. */
  readonly store: EpochStore
}

/** Issues epochs, at the side of the authority. One process at a time. */
export class EpochIssuer {
  readonly #components: EpochIssuerComponents

  constructor(components: EpochIssuerComponents) {
    this.#components = components
  }

  /** The last one; undefined where there was none. Rejects as `EpochStore.read` and `openEpoch` do. */
  async latest(): Promise<SignedEpoch | undefined> {
    const { store, root } = this.#components
    const kept = await store.read()
    return kept === undefined ? undefined : openEpoch(kept, root.publicKey)
  }

  /** On the disk when it resolves. Rejects INVALID_INPUT without a reason. */
  async issue(state: Epoch['state'], reason: string): Promise<SignedEpoch> {
    if (reason.trim() === '') throw meshSwarmError('INVALID_INPUT', 'An epoch has a reason, for people.')
    const { clock, root, store } = this.#components
    const number = ((await this.latest())?.epoch.number ?? 0) + 1
    const signed = signEpoch({ number, state, issuedAt: clock.now(), reason }, root)
    await store.write(signed)
    return signed
  }

  /** The last one, or a running one of now where there is none, or where it says running and is older than `ms`. */
  async renewed(ms: number): Promise<SignedEpoch> {
    const latest = await this.latest()
    if (!latest) return this.issue('running', 'the first one')
    const { state, issuedAt } = latest.epoch
    return state === 'running' && this.#components.clock.now() - issuedAt > ms
      ? this.issue('running', 'renewed')
      : latest
  }
}
