export * from './approval/index.ts'
export { AuditLog, type AuditLogComponents, type AuditLogOptions, type LogProof } from './audit/audit-log.ts'
export { type Checkpoint, openCheckpoint } from './audit/checkpoint.ts'
export {
  type AuditEntry,
  type AuditRecord,
  type DecisionAuthority,
  decisionEntry,
  decodeEntry,
  type EntryFilter,
  matches,
} from './audit/entry.ts'
export { exportPart, exportWhole } from './audit/export.ts'
export type { ExportLine } from './audit/export-line.ts'
export { loadSigner, readSigner } from './audit/key-file.ts'
export { verifyConsistency, verifyInclusion } from './audit/merkle.ts'
export { type LogRecord, readStore } from './audit/records.ts'
export { NoteSigner, NoteVerifier } from './audit/signed-note.ts'
export { verifyExport } from './audit/verify-export.ts'
export { type Finding, type LogReport, type VerifyOptions, verifyLog } from './audit/verify-log.ts'
export * from './capability/index.ts'
export type { Decision, Operation } from './decision.ts'
export { EpochFile, type EpochStore } from './epoch/epoch-file.ts'
export {
  type Closed,
  EpochGuard,
  type EpochGuardComponents,
  type EpochGuardOptions,
} from './epoch/epoch-guard.ts'
export { EpochIssuer } from './epoch/epoch-issuer.ts'
export { MemoryEpochStore } from './epoch/memory-epoch-store.ts'
export { type Epoch, openEpoch, type SignedEpoch, signEpoch } from './epoch/signed-epoch.ts'
export {
  type Proposal,
  type ProposalCircumstances,
  type ProposalComponents,
  propose,
} from './evidence/proposal.ts'
export * from './gate/index.ts'
export * from './limits/index.ts'
export {
  type ControllerComponents,
  type ControllerOptions,
  type ControlMode,
  MeshNodeController,
} from './node-controller.ts'
export * from './oracle/index.ts'
export type { Policy, PolicyProblem } from './policy/check.ts'
export { DEFAULT_POLICY } from './policy/policy-files.ts'
export {
  type PolicyDecision,
  PolicyManager,
  type PolicyManagerOptions,
  type PolicyReload,
  type PolicyVerdict,
  policyWords,
  problemText,
} from './policy/policy-manager.ts'
export type { PolicyRequest } from './policy/request.ts'
export { type ReadOnlyMesh, readOnlyMesh } from './read-only-mesh.ts'
