export { CATALOGUE, faultKind } from './catalogue.ts'
export {
  activeFaults,
  type FaultRecord,
  type InjectedFault,
  injectFault,
  revertAll,
  revertFault,
} from './injector.ts'
export type { FaultKind, FaultTarget, TargetKind } from './kinds.ts'
export { type Placement, type PlaceOptions, placeFault } from './place.ts'
