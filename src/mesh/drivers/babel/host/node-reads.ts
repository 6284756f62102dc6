import { z } from 'zod'
import { meshSwarmError } from '../../../../core/index.ts'
import { runIn } from './exec.ts'
import type { NodePlace } from './node-place.ts'

const LinksSchema = z.array(
  z.object({
    ifname: z.string().optional(),
    flags: z.array(z.string()).optional(),
    operstate: z.string().optional(),
    mtu: z.number().optional(),
    addr_info: z
      .array(z.object({ local: z.string().optional(), prefixlen: z.number().optional() }))
      .optional(),
  }),
)
export type IpLinks = z.infer<typeof LinksSchema>

const RoutesSchema = z.array(
  z.object({
    dst: z.string(),
    type: z.string().optional(),
    dev: z.string().optional(),
    protocol: z.string().optional(),
    table: z.string().optional(),
    metric: z.number().optional(),
  }),
)

export function parseLinks(json: string): IpLinks {
  return LinksSchema.parse(JSON.parse(json || '[]'))
}

async function link(place: NodePlace, iface: string): Promise<IpLinks[number]> {
  const links = parseLinks(await runIn(place, ['ip', '-j', 'link', 'show']))
  const found = links.find(({ ifname }) => ifname === iface)
  if (found) return found
  throw meshSwarmError('INVALID_ACTION', `${place.node} has no interface ${iface}.`)
}

/** babeld takes any name for an interface and waits for it: here a name that is not there is refused. */
export async function checkInterface(place: NodePlace, iface: string): Promise<void> {
  await link(place, iface)
}

export async function adminUp(place: NodePlace, iface: string): Promise<boolean> {
  return (await link(place, iface)).flags?.includes('UP') ?? false
}

export async function mtu(place: NodePlace, iface: string): Promise<number> {
  return (await link(place, iface)).mtu ?? 1500
}

const FORWARDING = ['net.ipv6.conf.all.forwarding', 'net.ipv4.ip_forward'] as const

/** The settings that decide about forwarding: IPv6 always, IPv4 where the node has addresses of it to carry. */
export async function forwarding(place: NodePlace): Promise<readonly { name: string; enabled: boolean }[]> {
  const [values, addresses] = await Promise.all([
    runIn(place, ['sysctl', '-n', ...FORWARDING]),
    runIn(place, ['ip', '-4', '-j', 'addr', 'show', 'scope', 'global']),
  ])
  const carriesIpv4 = parseLinks(addresses).some((found) => (found.addr_info?.length ?? 0) > 0)
  const [six, four] = values.trim().split('\n')
  const settings = [{ name: FORWARDING[0], enabled: six === '1' }]
  return carriesIpv4 ? [...settings, { name: FORWARDING[1], enabled: four === '1' }] : settings
}

export interface Announcement {
  readonly remove: readonly string[]
  readonly restore: readonly string[]
}

/** The addresses, else the routes of other origin than babel, by which a daemon announces `prefix`. */
export async function announcements(place: NodePlace, prefix: string): Promise<readonly Announcement[]> {
  const [address = '', length = ''] = prefix.split('/')
  const wanted = canonical(address)
  const links = parseLinks(await runIn(place, ['ip', '-j', 'addr', 'show']))
  const byAddress = links.flatMap((found) =>
    (found.addr_info ?? [])
      .filter((info) => canonical(info.local ?? '') === wanted && String(info.prefixlen) === length)
      .map(() => announcement('addr', [prefix, 'dev', found.ifname ?? 'lo'])),
  )
  return byAddress.length > 0 ? byAddress : routesTo(place, prefix)
}

export async function isAnnounced(place: NodePlace, prefix: string): Promise<boolean> {
  return (await announcements(place, prefix)).length > 0
}

async function routesTo(place: NodePlace, prefix: string): Promise<readonly Announcement[]> {
  const family = prefix.includes(':') ? '-6' : '-4'
  const text = await runIn(place, ['ip', family, '-j', 'route', 'show', 'exact', prefix])
  const routes = RoutesSchema.parse(JSON.parse(text.trim() || '[]'))
  return routes
    .filter(({ protocol }) => protocol !== 'babel' && protocol !== '42')
    .map(({ type, dev, protocol, metric }) => {
      const kind = type && type !== 'unicast' ? [type] : []
      const via = dev && kind.length === 0 ? ['dev', dev] : []
      const rest = [...(protocol ? ['proto', protocol] : []), ...(metric ? ['metric', String(metric)] : [])]
      return announcement(`${family} route`, [...kind, prefix, ...via, ...rest])
    })
}

function announcement(object: string, rest: readonly string[]): Announcement {
  const words = object.split(' ')
  return { remove: ['ip', ...words, 'del', ...rest], restore: ['ip', ...words, 'add', ...rest] }
}

/** One way of writing an address, so that two spellings of it are equal. */
function canonical(address: string): string {
  if (!address.includes(':')) return address
  try {
    return new URL(`http://[${address}]/`).hostname
  } catch {
    return address
  }
}
