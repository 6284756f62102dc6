export { BabelDriver, type BabelDriverComponents, type BabelDriverOptions } from './driver.ts'
export {
  type Inventory,
  type InventoryNode,
  parseInventory,
  readInventory,
  singleNodeInventory,
} from './inventory.ts'
export { type BabelLine, parseLine } from './parser.ts'
