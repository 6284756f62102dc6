export { BiscuitEngine, type BiscuitEngineOptions } from './biscuit/biscuit-engine.ts'
export { describeCapability } from './describe.ts'
export type {
  Ancestor,
  Approval,
  ApprovalsAsk,
  BlockContent,
  Capability,
  CapabilityAsk,
  CapabilityEngine,
  CapabilityTerms,
  Denied,
  DenyReason,
  EngineAnswer,
} from './engine.ts'
export { type KeyPair, keyPair, type PublicKey, publicKey, seedOf } from './keys.ts'
export {
  CapabilityManager,
  type CapabilityManagerComponents,
  type HandoverKeys,
  type Minted,
  type MintOptions,
} from './manager.ts'
export { type RequestContent, type SignedRequest, signRequest } from './request.ts'
export { addRevocation, readRevocations } from './revocations.ts'
export { createRootKey, readRootKey, readRootPublicKey } from './root-key.ts'
export type { BlastRadius, CapabilityAction, Restriction, Scope } from './scope.ts'
export {
  type Allowed,
  type CapabilityDecision,
  TokenJudge,
  type TokenJudgeComponents,
  type TokenJudgeOptions,
} from './token-judge.ts'
export { type ActionAsk, CapabilityVerifier, type CapabilityVerifierOptions } from './verifier.ts'
