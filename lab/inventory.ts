import { join } from 'node:path'
import type { LabNode, LabPlan } from './plan.ts'
import { writeJson } from './state.ts'

/** One node as an operator describes it: how to reach it and its daemon. */
export interface InventoryNode {
  readonly id: string
  readonly name: string
  readonly address: string
  readonly netns: string
  readonly socket: string
  readonly daemon: { readonly start: readonly string[] }
}

/** All that the product is given: neither links nor faults are in it, it has to find them out. */
export interface Inventory {
  readonly version: 1
  readonly mesh: 'babel'
  readonly nodes: readonly InventoryNode[]
}

export function inventoryOf(plan: LabPlan): Inventory {
  const describe = ({ id, name, address, netns, socket, start }: LabNode): InventoryNode => ({
    ...{ id, name, address, netns, socket },
    daemon: { start },
  })
  return { version: 1, mesh: 'babel', nodes: plan.nodes.map(describe) }
}

export function inventoryPath(stateDir: string): string {
  return join(stateDir, 'inventory.json')
}

export async function writeInventory(plan: LabPlan): Promise<string> {
  const path = inventoryPath(plan.stateDir)
  await writeJson(path, inventoryOf(plan))
  return path
}
