export type { Decision, Operation } from './decision.ts'
export type { Grant } from './grant.ts'
export * from './limits/index.ts'
export {
  type ControllerComponents,
  type ControllerOptions,
  type ControlMode,
  MeshNodeController,
} from './node-controller.ts'
export * from './oracle/index.ts'
export { type ReadOnlyMesh, readOnlyMesh } from './read-only-mesh.ts'
