export { type KeyPair, keyPair, type PublicKey, publicKey, seedOf } from '../keys.ts'
export { BiscuitEngine, type BiscuitEngineOptions } from './biscuit/biscuit-engine.ts'
export { describeCapability } from './describe.ts'
export type {
  Ancestor,
  Approval,
  ApprovalsAsk,
  ApproversAsk,
  BlockContent,
  Capability,
  CapabilityAsk,
  CapabilityEngine,
  CapabilityTerms,
  Denied,
  DenyReason,
  EngineAnswer,
} from './engine.ts'
export { createKeyFile, readKeyFile } from './key-file.ts'
export { CapabilityManager, type CapabilityManagerComponents, type MintOptions } from './manager.ts'
export {
  CapabilityNarrower,
  type CapabilityNarrowerComponents,
  type HandoverKeys,
  type Minted,
} from './narrower.ts'
export { planHash } from './plan-hash.ts'
export { parseRequest, type RequestContent, type SignedRequest, signRequest } from './request.ts'
export { addRevocation, readRevocations, readSignedRevocations } from './revocations.ts'
export { createRootKey, readRootKey, readRootPublicKey } from './root-key.ts'
export type { BlastRadius, CapabilityAction, Restriction, Scope } from './scope.ts'
export { openRevocation, type SignedRevocation, signRevocation } from './signed-revocation.ts'
export {
  type Allowed,
  type CapabilityDecision,
  TokenJudge,
  type TokenJudgeComponents,
  type TokenJudgeOptions,
} from './token-judge.ts'
export { type ActionAsk, CapabilityVerifier, type CapabilityVerifierOptions } from './verifier.ts'
