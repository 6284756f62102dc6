import type { NodeId } from '../../../core/index.ts'
import type { InterfaceFacts, NodeFacts } from '../../driver.ts'
import { known, unknown } from '../../observation.ts'
import type { HostInspection } from './host/protocol.ts'
import type { NodeState } from './node-state.ts'

/** What the executor saw on the node together with what its routing daemon says. */
export function nodeFacts(node: NodeState, found: HostInspection, now: number): NodeFacts {
  const interfaces = found.interfaces.map((iface): InterfaceFacts => {
    const rxcost = node.rxcosts.get(iface.name)
    return {
      name: iface.name,
      adminUp: known(iface.adminUp, 'measured', now),
      carrier: known(iface.carrier, 'measured', now),
      mtu: known(iface.mtu, 'measured', now),
      rxcost: rxcost ? known(rxcost.value, 'measured', rxcost.at) : unknown('no neighbour heard yet'),
      routed: node.live
        ? known(node.table.interfaces.has(iface.name), 'measured', node.heardAt)
        : unknown('the daemon does not speak'),
    }
  })
  return {
    node: node.id,
    at: now,
    daemon: known(found.daemon, 'measured', now),
    forwarding: known(found.forwarding, 'measured', now),
    interfaces,
    addresses: known(found.addresses, 'measured', now),
  }
}

/** Of a node that nobody of ours is on. */
export function unknownFacts(node: NodeId, now: number): NodeFacts {
  const nobody = unknown('no executor on this node')
  return { node, at: now, daemon: nobody, forwarding: nobody, interfaces: [], addresses: nobody }
}
