import { runIn } from './exec.ts'
import type { NodePlace } from './ledger.ts'
import { FORWARDING, parseLinks } from './node-reads.ts'
import { daemonState, findDaemons } from './processes.ts'
import type { HostInspection } from './protocol.ts'

/** One look at a node: one shell inside its namespace. Rejects with UNAVAILABLE where that cannot be entered. */
export async function inspectNode(
  place: NodePlace,
  address: string | undefined,
  signal?: AbortSignal,
): Promise<HostInspection> {
  const script = `sysctl -n ${FORWARDING.join(' ')} && ip -j addr show`
  const text = await runIn(place, ['sh', '-c', script], signal)
  const [six, four, ...json] = text.split('\n')
  const links = parseLinks(json.join('\n'))
  const usesIpv4 = address !== undefined && !address.includes(':')
  const { socket } = place
  return {
    daemon: socket === undefined ? 'dead' : daemonState(findDaemons(new Set([socket])).get(socket)),
    forwarding: usesIpv4 ? four === '1' : six === '1',
    interfaces: links
      .filter((link) => link.ifname !== undefined && link.ifname !== 'lo')
      .map((link) => ({
        name: link.ifname ?? '',
        adminUp: link.flags?.includes('UP') ?? false,
        carrier: (link.flags?.includes('LOWER_UP') ?? false) && !link.flags?.includes('NO-CARRIER'),
        mtu: link.mtu ?? 0,
      })),
    addresses: links.flatMap((link) =>
      (link.addr_info ?? [])
        .filter((info) => info.local && !/^(127\.|::1$|fe80:)/.test(info.local))
        .map((info) => `${info.local}/${info.prefixlen}`),
    ),
  }
}
