import type { NodeId } from '../../../core/index.ts'
import type { DaemonState } from '../../model.ts'
import { type Observation, unknown } from '../../observation.ts'
import type { InventoryNode } from './inventory.ts'
import { NodeTable } from './node-table.ts'

/** Everything that is known about one node of the inventory. Changed by the live model only. */
export interface NodeState {
  readonly id: NodeId
  readonly spec: InventoryNode
  /** Of the inventory; where that has none, the first host address that the node announces. */
  address: string | undefined
  /** The last table; what a dead daemon said last still is in its kernel. */
  table: NodeTable
  /** Whether the table is the daemon's present one. */
  live: boolean
  /** When the monitor stream last said anything. */
  heardAt: number
  routerId: string | undefined
  /** Every id that the node ever had here: a daemon with a random one leaves old routes behind. */
  readonly routerIds: Set<string>
  version: string | undefined
  /** From the process itself, as the executor sees it. */
  process: DaemonState | undefined
  daemon: Observation<DaemonState>
  readonly mtus: Map<string, { value: number; at: number }>
  /** The last finite cost that an interface announced; a lost neighbour shows infinity instead. */
  readonly rxcosts: Map<string, { value: number; at: number }>
  /** Counts what changes routes, so that their index is built only then. */
  routesVersion: number
}

export function newNodeState(id: NodeId, spec: InventoryNode): NodeState {
  return {
    id,
    spec,
    address: spec.address,
    table: new NodeTable(),
    live: false,
    heardAt: 0,
    routerId: undefined,
    routerIds: new Set(),
    version: undefined,
    process: undefined,
    daemon: unknown('not asked yet'),
    mtus: new Map(),
    rxcosts: new Map(),
    routesVersion: 0,
  }
}

export function hostPrefix(address: string | undefined): string | undefined {
  if (address === undefined) return undefined
  return address.includes(':') ? `${compressed(address)}/128` : `${address}/32`
}

/** The way babeld writes an IPv6 address. */
function compressed(address: string): string {
  try {
    return new URL(`http://[${address}]/`).hostname.slice(1, -1)
  } catch {
    return address
  }
}
