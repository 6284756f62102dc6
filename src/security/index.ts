export type { Decision, Operation } from './decision.ts'
export { EpochFile, type EpochStore } from './epoch/epoch-file.ts'
export {
  type Closed,
  EpochGuard,
  type EpochGuardComponents,
  type EpochGuardOptions,
} from './epoch/epoch-guard.ts'
export { type Epoch, openEpoch, type SignedEpoch, signEpoch } from './epoch/signed-epoch.ts'
export type { Grant } from './grant.ts'
export {
  type ControllerComponents,
  type ControllerOptions,
  type ControlMode,
  MeshNodeController,
} from './node-controller.ts'
export { type ReadOnlyMesh, readOnlyMesh } from './read-only-mesh.ts'
