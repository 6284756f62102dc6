import type { DaemonState } from '../../../model.ts'
import { limiter, runIn } from './exec.ts'
import type { NodePlace } from './node-place.ts'
import { parseLinks } from './node-reads.ts'
import type { HostInspection } from './protocol.ts'

/** One process that enters the namespace, reads two settings (`read` finds no line end there) and becomes `ip`. */
const SCRIPT = `cd /proc/sys/net || exit 1
read six < ipv6/conf/all/forwarding; read four < ipv4/ip_forward
echo "$six"; echo "$four"; exec ip -j addr show`

const bounded = limiter(8)

/** One look at a node. Rejects with UNAVAILABLE where its namespace cannot be entered. */
export async function inspectNode(
  place: NodePlace,
  { address, daemon }: { readonly address: string | undefined; readonly daemon: DaemonState },
  signal?: AbortSignal,
): Promise<HostInspection> {
  const text = await bounded(() => runIn(place, ['sh', '-c', SCRIPT], { signal }))
  const [six, four, ...json] = text.split('\n')
  const links = parseLinks(json.join('\n'))
  const usesIpv4 = address !== undefined && !address.includes(':')
  return {
    daemon,
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
