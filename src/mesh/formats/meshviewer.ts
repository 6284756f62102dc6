import type { Link, MeshNode, MeshSnapshot, Position } from '../model.ts'
import { known, type Observation, type Source, unknown } from '../observation.ts'
import type { LinkSpec, NodeSpec, SideSpec } from '../topology/index.ts'
import type { DecodeOptions, FormatCodec, Json } from './codec.ts'
import { extendAttributes, extendLink, extendNode } from './extension.ts'
import { parseJson } from './json-text.ts'
import { type MeshviewerLink, type MeshviewerNode, meshviewerSchema } from './meshviewer-schema.ts'
import { etxFromTq } from './quality.ts'
import { checked } from './schema.ts'
import { formatTimestamp, parseTimestamp } from './timestamps.ts'

/**
 * meshviewer.json as yanic and hopglass write it (2020, TQ both ways). Statistics are as old as the node's
 * `lastseen`, everything else as the file's `timestamp`.
 */
export const meshviewer: FormatCodec = {
  decode(text, options: DecodeOptions) {
    const { nodes, links, meshswarm: extension = {}, ...rest } = checked(meshviewerSchema, parseJson(text))
    const { timestamp, ...others } = rest
    const time = parseTimestamp(timestamp)
    const at = extension.takenAt ?? time ?? metaTime(rest.meta) ?? options.observedAt
    const source = extension.source ?? 'measured'
    const offline = new Set(nodes.filter((node) => node.is_online === false).map((node) => node.node_id))
    return {
      takenAt: at,
      source,
      label: 'label' in extension ? extension.label : options.name,
      attributes: extendAttributes(present(time === undefined ? rest : others), extension),
      nodes: nodes.map((node, i) => decodeNode(node, `nodes[${i}]`, at, source)),
      links: links.map((link, i) => decodeLink(link, `links[${i}]`, at, source, offline)),
    }
  },

  encode(snapshot: MeshSnapshot) {
    const nodeSlots = [...snapshot.nodes.values()].map(encodeNode)
    const linkSlots = [...snapshot.links.values()].map(encodeLink)
    const attributes = snapshot.attributes ?? {}
    const timestamp =
      metaTime(attributes.meta) === snapshot.takenAt ? undefined : formatTimestamp(snapshot.takenAt)
    const doc = { ...attributes, ...(timestamp && { timestamp }), nodes: nodeSlots, links: linkSlots }
    return { doc, nodeSlots, linkSlots }
  },

  print(doc) {
    return `${JSON.stringify(doc, undefined, 2)}\n`
  },
}

function decodeNode(raw: MeshviewerNode, place: string, at: number, source: Source): NodeSpec {
  const { node_id, hostname, is_online, is_gateway, meshswarm, clients, loadavg, location, ...rest } = raw
  const position = positionOf(location)
  const seenAt = parseTimestamp(rest.lastseen) ?? at
  const silent = sendsNoStatistics(raw)
  const count = statistic(clients, silent, seenAt, source)
  const load = statistic(loadavg, silent, seenAt, source)
  const spec: NodeSpec = {
    id: node_id,
    name: hostname ?? node_id,
    address: meshAddress(rest.addresses),
    gateway: is_gateway ?? false,
    position,
    online: typeof is_online === 'boolean' ? known(is_online, source, at) : undefined,
    clients: count,
    loadAverage: load,
    attributes: present({
      ...rest,
      clients: count?.known ? undefined : clients,
      loadavg: load?.known ? undefined : loadavg,
      location: position === undefined ? location : undefined,
    }),
    place,
  }
  return meshswarm === undefined ? spec : extendNode(spec, meshswarm)
}

function decodeLink(
  raw: MeshviewerLink,
  place: string,
  at: number,
  source: Source,
  offline: ReadonlySet<string>,
): LinkSpec {
  const { source: from, target: to, source_tq, target_tq, type, meshswarm, ...rest } = raw
  const dead = source_tq === 0 && target_tq === 0
  const side = (node: string, tq: number | null | undefined): SideSpec => {
    const quality = tqOf(tq, dead, offline.has(node), at, source)
    return { node, tq: quality, etx: quality && etxFromTq(quality) }
  }
  const a = side(from, source_tq)
  const b = side(to, target_tq)
  const derived = source === 'measured' ? 'derived' : source
  const bothWays = a.tq?.known && b.tq?.known
  const spec: LinkSpec = {
    a,
    b,
    up: bothWays ? known(!dead, derived, at) : unknown('the file tells the quality of one direction at most'),
    type: type ?? undefined,
    attributes: rest,
    place,
  }
  return meshswarm === undefined ? spec : extendLink(spec, meshswarm)
}

/**
 * yanic writes 0 for the side that reported nothing: alone it is no measurement. Two zeros are: the link is in
 * the file because a side reported it.
 */
function tqOf(
  tq: number | null | undefined,
  dead: boolean,
  ownerOffline: boolean,
  at: number,
  source: Source,
): Observation<number> | undefined {
  if (tq === null || tq === undefined) return undefined
  if (tq > 0 || dead) return known(tq, source, at)
  return unknown(
    ownerOffline ? 'the node is offline and reports nothing' : 'TQ 0: not reported, or nothing heard',
  )
}

/** Servers write zeros for nodes that never sent statistics: no memory in use and no boot time give them away. */
function sendsNoStatistics(raw: MeshviewerNode): boolean {
  const booted = parseTimestamp(raw.uptime)
  return !booted && !raw.memory_usage && raw.loadavg === 0 && 'uptime' in raw
}

function statistic(
  value: unknown,
  silent: boolean,
  at: number,
  source: Source,
): Observation<number> | undefined {
  if (typeof value !== 'number' || value < 0) return undefined
  if (silent && value === 0) return unknown('the node sends no statistics')
  return known(value, source, at)
}

function encodeNode(node: MeshNode): Json {
  return present({
    ...(node.online.known && { lastseen: formatTimestamp(node.online.observedAt) }),
    ...(node.address !== undefined && { addresses: [node.address] }),
    ...node.attributes,
    node_id: node.id,
    hostname: node.name,
    ...(node.online.known && { is_online: node.online.value }),
    is_gateway: node.gateway,
    ...(node.clients.known && { clients: node.clients.value }),
    ...(node.loadAverage.known && { loadavg: node.loadAverage.value }),
    ...(node.position && { location: { ...node.position } }),
  })
}

function encodeLink(link: Link): Json {
  return present({
    ...link.attributes,
    source: link.a.node,
    target: link.b.node,
    source_tq: tqFor(link.a.tq, link.b.tq),
    target_tq: tqFor(link.b.tq, link.a.tq),
    type: link.type,
  })
}

/** 0 for an unknown side beside a known one, as yanic writes it; nothing where neither is known. */
function tqFor(own: Observation<number>, other: Observation<number>): number | undefined {
  if (own.known) return own.value >= 0 && own.value <= 1 ? own.value : undefined
  return other.known && own.reason !== undefined ? 0 : undefined
}

function positionOf(location: unknown): Position | undefined {
  if (typeof location !== 'object' || location === null) return undefined
  const { longitude, latitude, ...more } = location as Json
  if (typeof longitude !== 'number' || typeof latitude !== 'number') return undefined
  const onEarth = Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90
  return onEarth && Object.keys(more).length === 0 ? { longitude, latitude } : undefined
}

/** The first address that is valid beyond the link. */
function meshAddress(addresses: unknown): string | undefined {
  if (!Array.isArray(addresses)) return undefined
  return addresses.find((address) => typeof address === 'string' && !/^fe[89ab]/i.test(address))
}

function metaTime(meta: unknown): number | undefined {
  return typeof meta === 'object' && meta !== null ? parseTimestamp((meta as Json).timestamp) : undefined
}

function present(record: Json): Json {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined))
}
