import { readFile } from 'node:fs/promises'
import type { LabNode, LabPlan } from './plan.ts'
import { isDaemon, processesIn } from './processes.ts'
import { mapLimit, runIn } from './run.ts'

/** Next hop by node and destination, ids of nodes: what the kernels of the lab would do with a packet now. */
export type NextHops = ReadonlyMap<string, ReadonlyMap<string, string>>

const RTF_GATEWAY = 0x2
const RTF_REJECT = 0x200

/** The 32 hex digits of an address of the form `fdxx:x:x::x`, as /proc writes it. */
function hexOf(address: string): string {
  const [head = '', tail = ''] = address.split('::')
  const groups = (part: string): string[] =>
    (part === '' ? [] : part.split(':')).map((g) => g.padStart(4, '0'))
  const [left, right] = [groups(head), groups(tail)]
  return [...left, ...new Array<string>(8 - left.length - right.length).fill('0000'), ...right].join('')
}

function parseRoutes(text: string, node: LabNode, byHex: ReadonlyMap<string, string>): Map<string, string> {
  const peers = new Map(node.interfaces.map((iface) => [iface.name, iface.peer]))
  const hops = new Map<string, { peer: string; metric: number }>()
  for (const line of text.split('\n')) {
    const [dest = '', plen, , , , metricHex = '', , , flagsHex = '', device = ''] = line.trim().split(/\s+/)
    const flags = Number.parseInt(flagsHex, 16)
    const metric = Number.parseInt(metricHex, 16)
    const [target, peer] = [byHex.get(dest), peers.get(device)]
    if (plen !== '80' || !target || !peer || (flags & RTF_GATEWAY) === 0 || (flags & RTF_REJECT) !== 0)
      continue
    const best = hops.get(target)
    if (!best || metric < best.metric) hops.set(target, { peer, metric })
  }
  return new Map([...hops].map(([target, { peer }]) => [target, peer]))
}

/** Reads the kernel routes of every node, from /proc where the daemon lives (no fork), else through nsenter. */
export async function readNextHops(plan: LabPlan, signal: AbortSignal): Promise<NextHops> {
  const byHex = new Map(plan.nodes.map((node) => [hexOf(node.address), node.id]))
  const processes = await processesIn(plan.nodes.map((node) => node.netns))
  const tables = await mapLimit(plan.nodes, 8, async (node) => {
    signal.throwIfAborted()
    const pid = processes.get(node.netns)?.find(isDaemon)?.pid
    const direct = pid === undefined ? undefined : readFile(`/proc/${pid}/net/ipv6_route`, 'latin1')
    const text =
      (await direct?.catch(() => undefined)) ??
      (await runIn(node.netns, ['cat', '/proc/self/net/ipv6_route'], { signal }))
    return [node.id, parseRoutes(text, node, byHex)] as const
  })
  return new Map(tables)
}

/** Nodes on the way, both ends included; undefined where a hop has no route or the way loops. */
export function pathOf(hops: NextHops, from: string, to: string): string[] | undefined {
  const path = [from]
  let here = from
  while (here !== to) {
    const next = hops.get(here)?.get(to)
    if (next === undefined || path.includes(next)) return undefined
    path.push(next)
    here = next
  }
  return path
}

/** How many of the ordered pairs have a working way through the kernels' tables. */
export function reachablePairs(hops: NextHops, nodes: readonly string[]): number {
  let count = 0
  for (const from of nodes) for (const to of nodes) if (from !== to && pathOf(hops, from, to)) count++
  return count
}
