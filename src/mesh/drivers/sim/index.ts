export type { TwinBelief } from './belief.ts'
export { SimDriver, type SimDriverOptions } from './driver.ts'
export { SimMesh, type SimMeshOptions } from './mesh.ts'
export {
  type PairPrediction,
  SimTwin,
  type TwinPair,
  type TwinPrediction,
  type TwinQuestion,
} from './predict.ts'
export { PROFILES, type ProfileName, type SimProfile } from './profile.ts'
export type { SimTopology, SimTopologyLink, SimTopologyNode } from './topology.ts'
export { type TwinOptions, twinOf } from './twin.ts'
export type { World } from './world.ts'
