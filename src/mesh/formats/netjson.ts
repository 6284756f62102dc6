import { isIP } from 'node:net'
import type { MeshSnapshot } from '../model.ts'
import { known, type Source, unknown } from '../observation.ts'
import type { LinkSpec, NodeSpec } from '../topology/index.ts'
import type { DecodeOptions, FormatCodec, Json } from './codec.ts'
import { extendAttributes, extendLink, extendNode } from './extension.ts'
import { parseJson } from './json-text.ts'
import { encodeLinks, encodeNode } from './netjson-encode.ts'
import { type NetjsonLink, type NetjsonNode, netjsonSchema } from './netjson-schema.ts'
import { type Pairing, pairDirections } from './pairing.ts'
import { type CostMeaning, costMeaning, OLSR_BROKEN, qualityFromCost } from './quality.ts'
import { checked } from './schema.ts'

interface Context {
  readonly at: number
  readonly source: Source
  readonly meaning: CostMeaning
}

/**
 * NetJSON NetworkGraph. A cost is read by the file's `metric` (ETX, TQ) or protocol (babel); any other stays an
 * attribute. A -> B and B -> A are the two directions of one link; a single entry of an ETX mesh holds for both.
 */
export const netjson: FormatCodec = {
  decode(text, options: DecodeOptions) {
    const graph = checked(netjsonSchema, parseJson(text))
    const { type: _, label, nodes, links, meshswarm: extension = {}, ...rest } = graph
    const context: Context = {
      at: extension.takenAt ?? options.observedAt,
      source: extension.source ?? 'measured',
      meaning: costMeaning(graph.protocol ?? '', graph.metric ?? ''),
    }
    const directions = links.map(({ source, target, properties }) => {
      return { from: source, to: target, whole: properties?.meshswarm?.whole === true }
    })
    return {
      takenAt: context.at,
      source: context.source,
      label: 'label' in extension ? extension.label : (label ?? options.name),
      attributes: extendAttributes(rest, extension),
      nodes: nodes.map((node, i) => decodeNode(node, `nodes[${i}]`, context)),
      links: pairDirections(directions).map((pairing) => decodeLink(links, pairing, context)),
    }
  },

  encode(snapshot: MeshSnapshot) {
    const attributes = snapshot.attributes ?? {}
    const protocol = textOr(attributes.protocol, 'static')
    const metric = textOr(attributes.metric, 'ETX')
    const meaning = costMeaning(protocol ?? '', metric ?? '')
    const nodes = [...snapshot.nodes.values()].map(encodeNode)
    const links = encodeLinks([...snapshot.links.values()], meaning)
    const doc = {
      type: 'NetworkGraph',
      label: snapshot.label,
      protocol,
      version: null,
      metric,
      ...withoutOwn(attributes),
      nodes: nodes.map((node) => node.json),
      links: links.flatMap((link) => link.entries),
    }
    return { doc, nodeSlots: nodes.map((node) => node.slot), linkSlots: links.map((link) => link.slot) }
  },

  print(doc) {
    const { nodes, links } = doc
    const tidy = { ...doc, nodes: withoutEmptyProperties(nodes), links: withoutEmptyProperties(links) }
    return `${JSON.stringify(tidy, undefined, 2)}\n`
  },
}

function decodeNode(raw: NetjsonNode, place: string, { at, source }: Context): NodeSpec {
  const { id, label, properties, ...others } = raw
  const { meshswarm, gateway, online, clients, loadavg, location, ...rest } = properties ?? {}
  const addresses: unknown = others.local_addresses
  const first = Array.isArray(addresses)
    ? addresses.find((address) => typeof address === 'string')
    : undefined
  const position = positionOf(location)
  const spec: NodeSpec = {
    id,
    name: label ?? id,
    address: first ?? (isIP(id) === 0 ? undefined : id),
    gateway: gateway === true,
    online: typeof online === 'boolean' ? known(online, source, at) : undefined,
    clients: typeof clients === 'number' ? known(clients, source, at) : undefined,
    loadAverage: typeof loadavg === 'number' ? known(loadavg, source, at) : undefined,
    position,
    attributes: {
      ...rest,
      ...others,
      ...(gateway !== undefined && typeof gateway !== 'boolean' && { gateway }),
      ...(online !== undefined && typeof online !== 'boolean' && { online }),
      ...(clients !== undefined && typeof clients !== 'number' && { clients }),
      ...(loadavg !== undefined && typeof loadavg !== 'number' && { loadavg }),
      ...(location !== undefined && position === undefined && { location }),
    },
    place,
  }
  return meshswarm === undefined ? spec : extendNode(spec, meshswarm)
}

function decodeLink(links: readonly NetjsonLink[], pairing: Pairing, context: Context): LinkSpec {
  const forward = links[pairing.forward] as NetjsonLink
  const backward = pairing.backward === undefined ? undefined : links[pairing.backward]
  const { at, source, meaning } = context
  const { source: from, target: to, cost, properties, ...others } = forward
  const { meshswarm, ...rest } = properties ?? {}
  const there = quality(cost, context)
  const single = meaning === 'etx' ? there : undefined
  const back = backward === undefined ? single : quality(backward.cost, context)
  const derived = source === 'measured' ? 'derived' : source
  const costs = [cost, backward?.cost].filter((value) => typeof value === 'number')
  const broken = meaning === 'etx' && costs.some((value) => value >= OLSR_BROKEN)
  const spec: LinkSpec = {
    a: { node: from, ...there },
    b: { node: to, ...back },
    up: there && back ? known(!broken, derived, at) : unknown('the file tells no quality of both directions'),
    attributes: {
      ...rest,
      ...others,
      ...(there === undefined && cost !== undefined && { cost }),
      ...reverseAttributes(backward, back !== undefined),
    },
    place: `links[${pairing.forward}]`,
  }
  return meshswarm === undefined ? spec : extendLink(spec, meshswarm)
}

function quality(cost: number | null | undefined, { at, source, meaning }: Context) {
  return typeof cost === 'number' ? qualityFromCost(cost, meaning, source, at) : undefined
}

/** What only the entry of the other direction says. */
function reverseAttributes(backward: NetjsonLink | undefined, understood: boolean): Json {
  if (backward === undefined) return {}
  const { source: _, target: __, cost, properties, ...others } = backward
  const reverse = { ...properties, ...others, ...(!understood && cost !== undefined && { cost }) }
  return Object.keys(reverse).length === 0 ? {} : { reverse }
}

function textOr(value: unknown, fallback: string): string | null {
  return typeof value === 'string' || value === null ? value : fallback
}

const OWN_KEYS: ReadonlySet<string> = new Set(['type', 'label', 'protocol', 'metric', 'nodes', 'links'])

/** Attributes that no key of the format's own stands in the way of. */
function withoutOwn(attributes: Readonly<Json>): Json {
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => !OWN_KEYS.has(key)))
}

/** netjsongraph.js writes a place as `{ lng, lat }`. */
function positionOf(location: unknown): NodeSpec['position'] {
  if (typeof location !== 'object' || location === null) return undefined
  const { lng, lat, ...more } = location as Json
  if (typeof lng !== 'number' || typeof lat !== 'number' || Object.keys(more).length > 0) return undefined
  return { longitude: lng, latitude: lat }
}

function withoutEmptyProperties(records: unknown): unknown {
  return (records as readonly Json[]).map(({ properties, ...rest }) => {
    return Object.keys(properties as Json).length === 0 ? rest : { ...rest, properties }
  })
}
