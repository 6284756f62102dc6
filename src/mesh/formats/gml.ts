import type { MeshSnapshot } from '../model.ts'
import { invalidTopology } from '../topology/index.ts'
import type { DecodeOptions, FormatCodec } from './codec.ts'
import { extendAttributes } from './extension.ts'
import { topExtension } from './extension-schema.ts'
import { type GmlContext, readExtension, textOf } from './gml-context.ts'
import { decodeLinks, decodeNodes } from './gml-decode.ts'
import { encodeEdge, encodeNode } from './gml-encode.ts'
import { type GmlList, type GmlPair, parseGml } from './gml-text.ts'
import { gmlAttributes, printRecord, recordOf } from './gml-value.ts'
import { placeFinder } from './json-text.ts'

/**
 * GML, the Topology Zoo's dialect included: labels need not be unique, several edges between two nodes are
 * parallel links, coordinates may be missing, a hyperedge is a node. It knows no qualities: they travel as
 * `source_tq`, `target_etx` and so on, which other programs pass over.
 */
export const gml: FormatCodec = {
  decode(text, options: DecodeOptions) {
    const top = parseGml(text)
    const [graph, another] = top.filter((pair) => pair.key === 'graph')
    const placeAt = placeFinder(text)
    const place = (pair: GmlPair) => placeAt(pair.offset)
    if (graph === undefined) throw invalidTopology('the document', 'no graph [ … ] in it')
    if (another !== undefined) throw invalidTopology(place(another), 'a second graph; a file holds one')
    if (typeof graph.value !== 'object') throw invalidTopology(place(graph), 'graph is not a [ list ]')
    const pairs = graph.value
    const isRest = ({ key }: GmlPair) => key !== 'node' && key !== 'edge' && key !== 'graph'
    const { label, directed, ...rest } = recordOf([...top, ...pairs].filter(isRest))
    const extension = readExtension(rest, topExtension, place(graph)) ?? {}
    const at = extension.takenAt ?? networkDate(rest.NetworkDate) ?? options.observedAt
    const context: GmlContext = { at, source: extension.source ?? 'measured', place }
    const nodes = decodeNodes(listsOf(pairs, 'node', place), context)
    const links = decodeLinks(listsOf(pairs, 'edge', place), nodes.ids, directed === 1, context)
    return {
      takenAt: at,
      source: context.source,
      label: 'label' in extension ? extension.label : (textOf(label) ?? options.name),
      attributes: extendAttributes(rest, extension),
      nodes: nodes.specs,
      links,
    }
  },

  encode(snapshot: MeshSnapshot) {
    const ids = numericIds([...snapshot.nodes.keys()])
    const nodeSlots = [...snapshot.nodes.values()].map((node, i) => encodeNode(node, ids[i] ?? i))
    const numberOf = new Map([...snapshot.nodes.keys()].map((id, i) => [id, ids[i] ?? i]))
    const linkSlots = [...snapshot.links.values()].map((link) => {
      return encodeEdge(link, numberOf.get(link.a.node) ?? 0, numberOf.get(link.b.node) ?? 0)
    })
    const {
      node: _,
      edge: __,
      graph: ___,
      directed: ____,
      ...attributes
    } = gmlAttributes(snapshot.attributes ?? {})
    const label = snapshot.label === undefined ? {} : { label: snapshot.label }
    return { doc: { ...attributes, ...label, node: nodeSlots, edge: linkSlots }, nodeSlots, linkSlots }
  },

  print(doc) {
    return printRecord('graph', doc)
  },
}

function listsOf(pairs: GmlList, key: string, place: (pair: GmlPair) => string): GmlPair[] {
  const found = pairs.filter((pair) => pair.key === key)
  for (const pair of found) {
    if (typeof pair.value !== 'object') throw invalidTopology(place(pair), `${key} is not a [ list ]`)
  }
  return found
}

/** The nodes' own ids where all of them are whole numbers, as GML wants; else their order. */
function numericIds(ids: readonly string[]): (number | undefined)[] {
  const plain = ids.every((id) => /^(0|[1-9]\d{0,8})$/.test(id))
  return ids.map((id) => (plain ? Number(id) : undefined))
}

/** `2010_08` or `2010_08_15`: UTC, the first of the month unless told. */
function networkDate(value: unknown): number | undefined {
  const match = typeof value === 'string' ? /^(\d{4})[_-](\d\d)(?:[_-](\d\d))?$/.exec(value) : null
  if (match === null) return undefined
  const time = Date.parse(`${match[1]}-${match[2]}-${match[3] ?? '01'}T00:00:00Z`)
  return Number.isNaN(time) ? undefined : time
}
