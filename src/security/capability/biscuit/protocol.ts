import type { PublicKey } from '../../keys.ts'
import type {
  ApproversAsk,
  BlockContent,
  Capability,
  CapabilityAsk,
  CapabilityTerms,
  EngineAnswer,
} from '../engine.ts'
import type { CompiledBiscuit } from './load.ts'

export interface ThreadOptions {
  readonly compiled: CompiledBiscuit
  /** Tokens that it keeps parsed. */
  readonly parsed: number
}

/** A key pair on its way to the thread: what the library signs with is the seed. */
export interface SignerSeed {
  readonly publicKey: PublicKey
  readonly seed: string
}

/** What passes between `BiscuitEngine` and its thread, in order. */
export type Operation =
  | { readonly kind: 'mint'; readonly root: SignerSeed; readonly terms: CapabilityTerms }
  | {
      readonly kind: 'append'
      readonly token: string
      readonly root: PublicKey
      readonly block: BlockContent
      readonly signer: SignerSeed | undefined
    }
  | { readonly kind: 'read'; readonly token: string; readonly root: PublicKey }
  | {
      readonly kind: 'approvers'
      readonly token: string
      readonly root: PublicKey
      readonly ask: ApproversAsk
      readonly now: number
    }
  | {
      readonly kind: 'authorise'
      readonly token: string
      readonly root: PublicKey
      readonly ask: CapabilityAsk
      readonly now: number
    }

/** A token, what is in one, who has approved by one, a decision, or why there is none. */
export type Outcome =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'capability'; readonly capability: Capability }
  | { readonly kind: 'approvers'; readonly approvers: readonly PublicKey[] }
  | { readonly kind: 'answer'; readonly answer: EngineAnswer }
  | { readonly kind: 'refused'; readonly why: string }
