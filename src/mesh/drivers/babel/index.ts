export { BabelDriver, type BabelDriverComponents, type BabelDriverOptions } from './driver.ts'
export type { ExecutorProgram } from './executor-client.ts'
export { executorDirectory, meshKey } from './executor-place.ts'
export type { LedgerEntry } from './host/ledger.ts'
export { type ExecutorParts, type ServeOptions, serveExecutor } from './host/serve.ts'
export {
  type Inventory,
  type InventoryNode,
  parseInventory,
  readInventory,
  singleNodeInventory,
} from './inventory.ts'
export { type BabelLine, parseLine } from './parser.ts'
export { tellExecutor } from './tell-executor.ts'
