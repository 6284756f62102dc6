export * from './faults/index.ts'
export type { Inventory, InventoryNode } from './inventory.ts'
export { Lab, type LabOptions, type LabStatus } from './lab.ts'
export { type LoadOptions, loadTopology } from './load.ts'
export type { OutageOptions, OutageReport, Packet } from './outage.ts'
export type { LabInterface, LabLink, LabNode, LabPlan, Profile } from './plan.ts'
export { Prober, type ProberOptions } from './prober.ts'
export { missingForLab, requireLab } from './requirements.ts'
export { type NextHops, pathOf } from './routes.ts'
export {
  connectedPart,
  type Topology,
  type TopologyLink,
  type TopologyNode,
  type TopologyReader,
} from './topology.ts'
