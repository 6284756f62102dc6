import type { Link, LinkSide, MeshNode } from '../model.ts'
import type { Observation } from '../observation.ts'
import type { Json } from './codec.ts'
import { gmlAttributes } from './gml-value.ts'

export function encodeNode(node: MeshNode, id: number): Json {
  const { id: _, ...attributes } = gmlAttributes(node.attributes)
  return finite({
    id,
    label: node.name,
    ...attributes,
    ...(node.address !== undefined && { address: node.address }),
    ...(node.gateway && { gateway: 1 }),
    ...(node.position && { Longitude: node.position.longitude, Latitude: node.position.latitude }),
    online: flag(node.online),
    clients: number(node.clients),
    loadavg: number(node.loadAverage),
  })
}

export function encodeEdge(link: Link, source: number, target: number): Json {
  const { source: _, target: __, ...attributes } = gmlAttributes(link.attributes)
  return finite({
    source,
    target,
    ...attributes,
    ...(link.type !== undefined && { LinkType: link.type }),
    up: flag(link.up),
    latency_ms: number(link.latencyMs),
    ...encodeSide(link.a, 'source'),
    ...encodeSide(link.b, 'target'),
  })
}

function encodeSide(side: LinkSide, end: string): Json {
  const derivable = side.tq.known && side.etx.known && side.etx.source !== 'measured'
  return {
    [`${end}_tq`]: number(side.tq),
    [`${end}_etx`]: derivable ? undefined : number(side.etx),
    [`${end}_cost`]: number(side.cost),
  }
}

function flag(observation: Observation<boolean>): number | undefined {
  return observation.known ? Number(observation.value) : undefined
}

function number(observation: Observation<number>): number | undefined {
  return observation.known ? observation.value : undefined
}

function finite(record: Json): Json {
  return Object.fromEntries(
    Object.entries(record).filter(([, value]) => {
      return value !== undefined && (typeof value !== 'number' || Number.isFinite(value))
    }),
  )
}
