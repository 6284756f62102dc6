import { known, type Observation, type Source } from '../observation.ts'
import { invalidTopology, type LinkSpec, type NodeSpec, type SideSpec } from '../topology/index.ts'
import type { Json } from './codec.ts'
import { extendLink, extendNode } from './extension.ts'
import { linkExtension, nodeExtension } from './extension-schema.ts'
import { type GmlContext, readExtension, textOf } from './gml-context.ts'
import type { GmlList, GmlPair } from './gml-text.ts'
import { recordOf } from './gml-value.ts'
import { pairDirections } from './pairing.ts'
import { etxFromTq } from './quality.ts'

export interface GmlNodes {
  readonly specs: readonly NodeSpec[]
  /** Ids of the file to ids of the mesh. */
  readonly ids: ReadonlyMap<string, string>
}

export function decodeNodes(pairs: readonly GmlPair[], context: GmlContext): GmlNodes {
  const ids = new Map<string, string>()
  const specs = pairs.map((pair) => {
    const place = context.place(pair)
    const record = recordOf(pair.value as GmlList)
    const id = textOf(record.id)
    if (id === undefined) throw invalidTopology(place, 'a node without an id')
    if (ids.has(id)) throw invalidTopology(place, `the node id ${id} is there twice`)
    const spec = decodeNode(id, record, place, context)
    ids.set(id, spec.id)
    return spec
  })
  return { specs, ids }
}

function decodeNode(id: string, record: Json, place: string, { at, source }: GmlContext): NodeSpec {
  const extension = readExtension(record, nodeExtension, place)
  const take = taker(record)
  take('id', () => id)
  const position = positionOf(record)
  const spec: NodeSpec = {
    id,
    name: take('label', textOf) ?? id,
    address: take('address', nonEmpty),
    gateway: take('gateway', flag) ?? false,
    online: observed(take('online', flag), source, at),
    clients: observed(take('clients', count), source, at),
    loadAverage: observed(take('loadavg', count), source, at),
    position,
    attributes: record,
    place,
  }
  return extension === undefined ? spec : extendNode(spec, extension)
}

/** In a directed graph an edge and its reverse are the two directions of one link. */
export function decodeLinks(
  pairs: readonly GmlPair[],
  ids: ReadonlyMap<string, string>,
  directed: boolean,
  context: GmlContext,
): LinkSpec[] {
  const edges = pairs.map((pair) => {
    const place = context.place(pair)
    const record = recordOf(pair.value as GmlList)
    return {
      record,
      place,
      from: endOf(record, 'source', ids, place),
      to: endOf(record, 'target', ids, place),
    }
  })
  const directions = edges.map(({ from, to }) => ({ from, to, whole: !directed }))
  return pairDirections(directions).flatMap(({ forward, backward }) => {
    const edge = edges[forward]
    if (edge === undefined) return []
    const reverse = backward === undefined ? {} : { ...edges[backward]?.record }
    delete reverse.source
    delete reverse.target
    if (Object.keys(reverse).length > 0) edge.record.reverse = reverse
    return [decodeEdge(edge.from, edge.to, edge.record, edge.place, context)]
  })
}

function decodeEdge(from: string, to: string, record: Json, place: string, context: GmlContext): LinkSpec {
  const extension = readExtension(record, linkExtension, place)
  const { at, source } = context
  const take = taker(record)
  take('source', () => from)
  take('target', () => to)
  const side = (node: string, end: string): SideSpec => {
    const tq = observed(take(`${end}_tq`, ratio), source, at)
    const etx = observed(take(`${end}_etx`, atLeastOne), source, at)
    return {
      node,
      tq,
      etx: etx ?? (tq && etxFromTq(tq)),
      cost: observed(take(`${end}_cost`, count), source, at),
    }
  }
  const spec: LinkSpec = {
    a: side(from, 'source'),
    b: side(to, 'target'),
    up: observed(take('up', flag), source, at),
    latencyMs: observed(take('latency_ms', count), source, at),
    type: take('LinkType', nonEmpty),
    attributes: record,
    place,
  }
  return extension === undefined ? spec : extendLink(spec, extension)
}

function endOf(record: Json, key: string, ids: ReadonlyMap<string, string>, place: string): string {
  const text = textOf(record[key])
  if (text === undefined) throw invalidTopology(place, `an edge without a ${key}`)
  const id = ids.get(text)
  if (id === undefined) throw invalidTopology(place, `the ${key} ${text.slice(0, 60)} of the edge is no node`)
  return id
}

/** Takes a key out of the record where its value reads as wanted; any other stays an attribute. */
function taker(record: Json) {
  return <T>(key: string, read: (value: unknown) => T | undefined): T | undefined => {
    const value = Object.hasOwn(record, key) ? read(record[key]) : undefined
    if (value !== undefined) delete record[key]
    return value
  }
}

function positionOf(record: Json): NodeSpec['position'] {
  const { Longitude: longitude, Latitude: latitude } = record
  if (typeof longitude !== 'number' || typeof latitude !== 'number') return undefined
  if (Math.abs(longitude) > 180 || Math.abs(latitude) > 90) return undefined
  delete record.Longitude
  delete record.Latitude
  return { longitude, latitude }
}

function observed<T>(value: T | undefined, source: Source, at: number): Observation<T> | undefined {
  return value === undefined ? undefined : known(value, source, at)
}

function flag(value: unknown): boolean | undefined {
  return value === 0 || value === 1 ? value === 1 : undefined
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined
}

function ratio(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= 1 ? value : undefined
}

function atLeastOne(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 1 ? value : undefined
}

function nonEmpty(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
