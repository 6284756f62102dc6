import { readdir } from 'node:fs/promises'
import type { LabNode, LabPlan } from './plan.ts'
import { killAllIn } from './processes.ts'
import { mapLimit, run, runIn } from './run.ts'

/** Link-local addresses must be usable at once, and the kernel must neither hide losses nor ration its answers. */
const SYSCTLS = `
for f in /proc/sys/net/ipv6/conf/*/accept_dad; do echo 0 > $f; done
for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done
echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
echo 1 > /proc/sys/net/ipv4/ip_forward
echo 0 > /proc/sys/net/ipv6/icmp/ratelimit
echo 0 > /proc/sys/net/ipv4/icmp_ratelimit
echo '0 2147483647' > /proc/sys/net/ipv4/ping_group_range
`

/** Builds namespaces, links and addresses. Rejects half-way on failure or abort: then `removeNamespaces`. */
export async function buildNamespaces(plan: LabPlan, signal: AbortSignal): Promise<void> {
  const add = plan.nodes.map((node) => `netns add ${node.netns}\n`).join('')
  await run('ip', ['-batch', '-'], { input: add, signal })
  const netns = new Map(plan.nodes.map((node) => [node.id, node.netns]))
  const veths = plan.links.map(
    ({ a, b }) =>
      `link add ${a.iface} netns ${netns.get(a.node)} type veth peer name ${b.iface} netns ${netns.get(b.node)}\n`,
  )
  await run('ip', ['-batch', '-'], { input: veths.join(''), signal })
  await mapLimit(plan.nodes, 8, (node) =>
    runIn(node.netns, ['sh', '-e', '-s'], { input: nodeScript(node), signal }),
  )
}

function nodeScript(node: LabNode): string {
  const up = node.interfaces.map((iface) => `link set ${iface.name} up\n`).join('')
  return `${SYSCTLS}ip -batch - <<'END'\nlink set lo up\naddr add ${node.address}/128 dev lo nodad\n${up}END\n`
}

/** Namespaces on this machine whose name starts like that. */
export async function namespacesLike(prefix: string): Promise<string[]> {
  const all = await readdir('/run/netns').catch(() => [])
  return all.filter((name) => name.startsWith(prefix))
}

/** Ends all processes in the namespaces and deletes them. Names that are gone already are no error. */
export async function removeNamespaces(netns: readonly string[]): Promise<void> {
  const there = new Set(await readdir('/run/netns').catch(() => []))
  const present = netns.filter((name) => there.has(name))
  if (present.length === 0) return
  await killAllIn(present)
  const input = present.map((name) => `netns del ${name}\n`).join('')
  await run('ip', ['-force', '-batch', '-'], { input, accept: [1] })
}
