export { buildSnapshot, EMPTY_ROUTES, invalidTopology, linkIdBetween } from './build.ts'
export {
  type GeometricOptions,
  geometricTopology,
  gridTopology,
  lineTopology,
  ringTopology,
} from './generate.ts'
export type { LinkSpec, NodeSpec, SideSpec, SnapshotSpec } from './spec.ts'
