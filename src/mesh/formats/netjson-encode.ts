import { isDeepStrictEqual } from 'node:util'
import type { Link, LinkSide, MeshNode } from '../model.ts'
import { linkIdBetween } from '../topology/index.ts'
import type { Json } from './codec.ts'
import type { CostMeaning } from './quality.ts'

/** A node's record; `slot` is where its extension goes. */
export function encodeNode(node: MeshNode): { readonly json: Json; readonly slot: Json } {
  const { local_addresses, ...attributes } = node.attributes
  const addresses =
    local_addresses ?? (node.address === undefined || node.address === node.id ? undefined : [node.address])
  const properties: Json = {
    ...attributes,
    ...(node.gateway && { gateway: true }),
    ...(node.online.known && { online: node.online.value }),
    ...(node.clients.known && { clients: node.clients.value }),
    ...(node.loadAverage.known && { loadavg: node.loadAverage.value }),
    ...(node.position && { location: { lng: node.position.longitude, lat: node.position.latitude } }),
  }
  const json = {
    id: node.id,
    ...(node.name !== node.id && { label: node.name }),
    ...(addresses !== undefined && { local_addresses: addresses }),
    properties,
  }
  return { json, slot: properties }
}

/** One entry for a link whose directions cost the same, two for another. Parallel links are marked as whole. */
export function encodeLinks(links: readonly Link[], meaning: CostMeaning) {
  const parallels = new Map<string, number>()
  for (const link of links) {
    const ends = linkIdBetween(link.a.node, link.b.node)
    parallels.set(ends, (parallels.get(ends) ?? 0) + 1)
  }
  return links.map((link) => {
    const parallel = parallels.get(linkIdBetween(link.a.node, link.b.node)) !== 1
    return encodeLink(link, meaning, parallel)
  })
}

function encodeLink(link: Link, meaning: CostMeaning, parallel: boolean) {
  const { cost: rawCost, reverse, ...attributes } = link.attributes
  const there = costOf(link.a, meaning)
  const back = costOf(link.b, meaning)
  const both = !parallel && back !== undefined && (there !== back || meaning !== 'etx')
  const slot: Json = {
    ...attributes,
    ...(reverse !== undefined && !both && { reverse }),
    ...(parallel && { meshswarm: { whole: true } }),
  }
  const forward = entry(
    link.a.node,
    link.b.node,
    there ?? (typeof rawCost === 'number' ? rawCost : undefined),
    slot,
  )
  const reversed = isRecord(reverse) ? reverse : {}
  const backward = both ? [entry(link.b.node, link.a.node, back, { ...reversed })] : []
  return { entries: [forward, ...backward], slot }
}

function entry(source: string, target: string, cost: unknown, properties: Json): Json {
  return { source, target, ...(cost !== undefined && { cost }), properties }
}

function costOf(side: LinkSide, meaning: CostMeaning): number | undefined {
  const observed = meaning === 'daemon-cost' ? side.cost : side.etx
  if (meaning === 'other' || !observed.known || !Number.isFinite(observed.value)) return undefined
  return observed.value
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isDeepStrictEqual(value, {})
}
