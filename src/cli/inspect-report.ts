import type { LinkId, NodeId } from '../core/index.ts'
import { type Link, type MeshNode, MeshRouter, type MeshSnapshot, type RouterMetric } from '../mesh/index.ts'
import { type GatewayReport, gatewayReports, type Protection, protectionOf } from './inspect-gateways.ts'
import { type LinkQuality, linkQualities } from './inspect-links.ts'
import { type Trouble, troubleOf } from './inspect-trouble.ts'
import type { NodeRef } from './node-ref.ts'
import type { TopologyFile } from './read-topology.ts'

export interface WeakPoint {
  /** The nodes that lose contact with the largest rest of their component. */
  readonly cutOff: readonly NodeRef[]
}

export interface WeakNode extends NodeRef, WeakPoint {}

export interface WeakLink extends WeakPoint {
  readonly id: LinkId
  readonly between: readonly [NodeRef, NodeRef]
}

export interface Tally {
  readonly total: number
  readonly yes: number
  readonly no: number
  readonly unknown: number
}

/** Everything that `inspect` says: what `--json` prints. Times are ISO 8601, lists are worst first. */
export interface InspectReport {
  readonly file: string
  readonly format: string
  readonly label: string | undefined
  readonly source: string
  readonly takenAt: string
  /** `file`: the time that the file tells. `mtime`: it tells none, this is when it was written. */
  readonly takenAtFrom: 'file' | 'mtime'
  readonly ageMs: number
  /** What a path costs here, chosen by what the file knows. */
  readonly metric: RouterMetric
  readonly nodes: {
    readonly total: number
    readonly online: number
    readonly offline: number
    readonly unknown: number
    readonly gateways: number
    readonly clients: { readonly sum: number; readonly unknownOn: number }
  }
  readonly links: {
    readonly total: number
    readonly up: number
    readonly down: number
    readonly unknown: number
    readonly byType: Readonly<Record<string, number>>
    /** Between two nodes that have another link as well. */
    readonly parallel: number
  }
  /** Among nodes that are not known to be offline, over links that are not known to be down. */
  readonly components: { readonly count: number; readonly sizes: readonly number[] }
  /** Nodes that no usable link reaches, offline ones left out. */
  readonly isolated: readonly NodeRef[]
  readonly trouble: Trouble
  readonly articulationPoints: readonly WeakNode[]
  readonly bridges: readonly WeakLink[]
  readonly gateways: readonly GatewayReport[]
  readonly protection: Protection | undefined
  readonly worstLinks: readonly LinkQuality[]
  /** Links with a known quality in at least one direction, out of which the worst are the worst. */
  readonly measuredLinks: number
}

export function inspectReport(file: TopologyFile, now: number, worst: number): InspectReport {
  const { snapshot } = file
  const metric = metricOf(snapshot)
  const router = new MeshRouter(snapshot, { metric })
  const nameOf = uniqueNames(snapshot)
  const ref = (id: NodeId): NodeRef => ({ id, name: nameOf(id) })
  const nodes = [...snapshot.nodes.values()]
  const links = [...snapshot.links.values()]
  const components = router.components()
  const bridges = weakLinks(router, snapshot, ref)
  const qualities = linkQualities(links, ref, new Set(bridges.map((bridge) => bridge.id)))
  const online = tally(nodes, (node) => node.online)
  const up = tally(links, (link) => link.up)
  return {
    file: file.name,
    format: file.format,
    label: snapshot.label,
    source: snapshot.source,
    takenAt: new Date(snapshot.takenAt).toISOString(),
    takenAtFrom: file.timed ? 'file' : 'mtime',
    ageMs: Math.round(now - snapshot.takenAt),
    metric,
    nodes: {
      total: nodes.length,
      online: online.yes,
      offline: online.no,
      unknown: online.unknown,
      gateways: nodes.filter((node) => node.gateway).length,
      clients: clientsOf(nodes),
    },
    links: {
      total: links.length,
      up: up.yes,
      down: up.no,
      unknown: up.unknown,
      byType: countBy(links, (link) => link.type ?? 'no type'),
      parallel: parallelLinks(links),
    },
    components: { count: components.length, sizes: components.map((part) => part.length) },
    isolated: components.filter((part) => part.length === 1).flatMap((part) => part.map(ref)),
    trouble: troubleOf(snapshot, router, ref),
    articulationPoints: weakNodes(router, ref),
    bridges,
    gateways: gatewayReports(snapshot, router, ref),
    protection: protectionOf(snapshot),
    worstLinks: qualities.slice(0, worst),
    measuredLinks: qualities.length,
  }
}

function weakNodes(router: MeshRouter, ref: (id: NodeId) => NodeRef): WeakNode[] {
  const weak = router.articulationPoints().map((id) => {
    return { ...ref(id), cutOff: router.lossOf({ withoutNodes: [id] }).cutOff.map(ref) }
  })
  return weak.sort((a, b) => b.cutOff.length - a.cutOff.length || compare(a.name, b.name))
}

function weakLinks(router: MeshRouter, snapshot: MeshSnapshot, ref: (id: NodeId) => NodeRef): WeakLink[] {
  const weak = router.bridges().flatMap((id): WeakLink[] => {
    const link = snapshot.links.get(id)
    if (link === undefined) return []
    const { cutOff } = router.lossOf({ withoutLinks: [id] })
    return [{ id, between: [ref(link.a.node), ref(link.b.node)], cutOff: cutOff.map(ref) }]
  })
  return weak.sort((a, b) => b.cutOff.length - a.cutOff.length || compare(a.id, b.id))
}

/** The best that the file knows anything of. */
function metricOf(snapshot: MeshSnapshot): RouterMetric {
  const links = [...snapshot.links.values()]
  if (links.some((link) => link.a.etx.known || link.b.etx.known)) return 'etx'
  if (links.some((link) => link.a.cost.known || link.b.cost.known)) return 'cost'
  return links.some((link) => link.latencyMs.known) ? 'latency' : 'hops'
}

function uniqueNames(snapshot: MeshSnapshot): (id: NodeId) => string {
  const uses = countBy([...snapshot.nodes.values()], (node) => node.name)
  return (id) => {
    const name = snapshot.nodes.get(id)?.name ?? id
    return (uses[name] ?? 0) > 1 ? `${name} (${id})` : name
  }
}

function tally<T>(items: readonly T[], of: (item: T) => MeshNode['online'] | Link['up']): Tally {
  const values = items.map(of)
  const yes = values.filter((value) => value.known && value.value).length
  const no = values.filter((value) => value.known && !value.value).length
  return { total: items.length, yes, no, unknown: items.length - yes - no }
}

function clientsOf(nodes: readonly MeshNode[]): InspectReport['nodes']['clients'] {
  const alive = nodes.filter((node) => !node.online.known || node.online.value)
  const counts = alive.map((node) => node.clients)
  const sum = counts.reduce((total, clients) => total + (clients.known ? clients.value : 0), 0)
  return { sum, unknownOn: counts.filter((clients) => !clients.known).length }
}

function parallelLinks(links: readonly Link[]): number {
  const uses = countBy(links, (link) => [link.a.node, link.b.node].sort().join('\n'))
  return Object.values(uses).reduce((sum, uses) => sum + (uses > 1 ? uses : 0), 0)
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Record<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1)
  return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1]))
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
