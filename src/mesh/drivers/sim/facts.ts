import type { NodeId } from '../../../core/index.ts'
import type { InterfaceFacts, NodeFacts } from '../../driver.ts'
import type { DaemonState, MeshInterface, MeshNode } from '../../model.ts'
import { type Known, known, type Observation, unknown } from '../../observation.ts'
import type { LinkSpec, SideSpec } from '../../topology/index.ts'
import type { SimMesh } from './mesh.ts'
import { receiveCost } from './neighbour.ts'
import { DEAD, INFINITE, RUNNING } from './state.ts'

const DAEMON_STATES: readonly DaemonState[] = ['dead', 'running', 'stopped']

function daemonState(mesh: SimMesh, node: number): DaemonState {
  return DAEMON_STATES[mesh.state.daemon[node] as number] ?? 'dead'
}

/** What the node's daemon and executor say about it, for a snapshot. */
export function nodeSpec(mesh: SimMesh, index: number): Omit<MeshNode, 'id'> & { readonly id: string } {
  const spec = mesh.topology.nodes[index]
  const router = mesh.state.routers[mesh.state.routerId[index] as number]
  const say = sayer(mesh)
  return {
    id: mesh.wiring.nodeIds[index] as NodeId,
    name: spec?.name ?? (spec?.id as string),
    address: mesh.address(index),
    managed: spec?.managed ?? true,
    gateway: spec?.gateway ?? false,
    position: spec?.position,
    online: say(mesh.state.daemon[index] === RUNNING),
    daemon: say(daemonState(mesh, index)),
    routerId: fromDaemon(mesh, index, router?.text ?? ''),
    prefixes: fromDaemon(mesh, index, mesh.prefixesOf(index)),
    interfaces: slotRange(mesh, index).map((slot) => interfaceOf(mesh, index, slot)),
    clients: unknown('not told by this mesh'),
    loadAverage: unknown('not told by this mesh'),
    attributes: {},
  }
}

/** What the daemons at both ends say about the link: their costs, never what the link really loses. */
export function linkSpec(mesh: SimMesh, index: number): LinkSpec {
  const { state, wiring } = mesh
  const slots = [wiring.sides[index * 2] as number, wiring.sides[index * 2 + 1] as number] as const
  const say = sayer(mesh)
  const asked = slots.filter((slot) => state.daemon[wiring.owner[slot] as number] === RUNNING)
  const isUp = asked.length > 0 && asked.every((slot) => state.cost[slot] !== INFINITE)
  const [reachA, reachB] = slots.map((slot) => (state.reach[slot] as number).toString(16).padStart(4, '0'))
  const [rxcostA, rxcostB] = slots.map((slot) => receiveCost(state, slot))
  return {
    id: wiring.linkIds[index],
    a: sideOf(mesh, slots[0]),
    b: sideOf(mesh, slots[1]),
    up: asked.length === 0 ? unknown('neither daemon answers') : say(isUp),
    type: state.profile.linkType,
    attributes: { reachA, reachB, rxcostA, rxcostB },
  }
}

function sideOf(mesh: SimMesh, slot: number): SideSpec {
  const { state, wiring } = mesh
  const node = wiring.owner[slot] as number
  const cost = state.cost[slot] as number
  const isMeasured = state.profile.linkType === 'wireless' && cost < INFINITE
  return {
    node: wiring.nodeIds[node] as NodeId,
    iface: wiring.ifaces[slot],
    cost: fromDaemon(mesh, node, cost),
    etx: isMeasured ? fromDaemon(mesh, node, Math.max(1, cost / 256)) : unknown('no link quality'),
  }
}

/** A closer look at one node, as its executor would give it. */
export function nodeFacts(mesh: SimMesh, index: number): NodeFacts {
  const say = sayer(mesh)
  const own = `${mesh.address(index)}/128`
  return {
    node: mesh.wiring.nodeIds[index] as NodeId,
    at: mesh.now(),
    daemon: say(daemonState(mesh, index)),
    forwarding: say(mesh.world.forwarding[index] === 1),
    interfaces: slotRange(mesh, index).map((slot) => interfaceFacts(mesh, index, slot)),
    addresses: say([own, ...mesh.addressesOf(index)]),
  }
}

function interfaceFacts(mesh: SimMesh, node: number, slot: number): InterfaceFacts {
  const say = sayer(mesh)
  return {
    name: mesh.wiring.ifaces[slot] as string,
    adminUp: say(mesh.world.ifaceUp[slot] === 1),
    carrier: say(mesh.world.carrier(slot)),
    mtu: say(mesh.world.mtu[slot] as number),
    rxcost: fromDaemon(mesh, node, mesh.state.rxcost[slot] as number),
    routed: fromDaemon(mesh, node, mesh.state.routed[slot] === 1),
  }
}

function interfaceOf(mesh: SimMesh, node: number, slot: number): MeshInterface {
  const say = sayer(mesh)
  return {
    name: mesh.wiring.ifaces[slot] as string,
    up: say(mesh.world.carrier(slot)),
    mtu: say(mesh.world.mtu[slot] as number),
    rxcost: fromDaemon(mesh, node, mesh.state.rxcost[slot] as number),
  }
}

function sayer(mesh: SimMesh): <T>(value: T) => Known<T> {
  const at = mesh.now()
  return (value) => known(value, 'simulated', at)
}

/** A dead daemon says nothing; of a suspended one the last word stands. */
function fromDaemon<T>(mesh: SimMesh, node: number, value: T): Observation<T> {
  if (mesh.state.daemon[node] === DEAD) return unknown('the routing daemon does not run')
  return known(value, 'simulated', mesh.now())
}

function slotRange(mesh: SimMesh, node: number): number[] {
  const from = mesh.wiring.first[node] as number
  return Array.from({ length: (mesh.wiring.first[node + 1] as number) - from }, (_, i) => from + i)
}
