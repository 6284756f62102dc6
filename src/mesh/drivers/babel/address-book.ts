import type { NodeId } from '../../../core/index.ts'
import { type Endpoint, UNNAMED } from './link-registry.ts'
import type { NodeState } from './node-state.ts'

/** Which interface of which node a link-local address belongs to, as the daemons themselves say. */
export class AddressBook {
  readonly #owners = new Map<string, Endpoint[]>()

  /** Takes the addresses of a node in. True where one is new, so that neighbours may be known now. */
  learn(node: NodeState): boolean {
    let news = false
    for (const { name, ipv6 } of node.table.interfaces.values()) {
      if (ipv6 === undefined) continue
      const owners = (this.#owners.get(ipv6) ?? []).filter((owner) => owner.iface !== UNNAMED)
      if (owners.some((owner) => owner.node === node.id && owner.iface === name)) continue
      // One address a namesake interface: the old one of a re-made interface stays, it may be announced yet.
      this.#owners.set(ipv6, [...owners, { node: node.id, iface: name }])
      news = true
    }
    return news
  }

  /** Takes a neighbour in that is none of ours. True where it is new. An address of ours stays ours. */
  learnStranger(address: string, node: NodeId): boolean {
    const [owner] = this.#owners.get(address) ?? []
    if (owner && (owner.iface !== UNNAMED || owner.node === node)) return false
    this.#owners.set(address, [{ node, iface: UNNAMED }])
    return true
  }

  /** The owner as seen from `self`, which does not neighbour itself. */
  owner(address: string, self: NodeId): Endpoint | undefined {
    return this.#owners.get(address)?.find((owner) => owner.node !== self)
  }
}
