import { meshSwarmError } from '../../core/index.ts'
import type { MeshSnapshot } from '../model.ts'
import { buildSnapshot, invalidTopology, type SnapshotSpec } from '../topology/index.ts'
import type { DecodeOptions, Encoded, FormatCodec, Json, TopologyFormat } from './codec.ts'
import { detectFormat } from './detect.ts'
import { attributeDifference, linkDifference, nodeDifference } from './extension.ts'
import { EXTENSION_KEY } from './extension-schema.ts'
import { gml } from './gml.ts'
import { meshviewer } from './meshviewer.ts'
import { netjson } from './netjson.ts'

export type { TopologyFormat } from './codec.ts'
export { detectFormat } from './detect.ts'

const CODECS: Readonly<Record<TopologyFormat, FormatCodec>> = { meshviewer, netjson, gml }

export const TOPOLOGY_FORMATS: readonly TopologyFormat[] = ['meshviewer', 'netjson', 'gml']

/** Bytes of text beyond which a file is no topology: about a million nodes. */
const MAX_LENGTH = 512 * 1024 * 1024

export interface ParseOptions {
  /** File name for messages, and without its extension the label of a file that has none of its own. */
  readonly name?: string | undefined
  /** Told apart by content unless given. */
  readonly format?: TopologyFormat | undefined
  /** Clock time, in ms, of what is in a file that does not tell its own time, e.g. the file's mtime; else 0. */
  readonly observedAt?: number | undefined
}

/**
 * The mesh in a meshviewer.json, NetJSON NetworkGraph or GML file, whole or not at all. Values are `measured` at
 * the time that the file tells, `derived` where calculated (ETX of TQ), unknown where the file does not tell.
 * Throws INVALID_TOPOLOGY, and nothing else, with the place (path, or line and column) and what is wrong there.
 */
export function parseTopology(text: string, options: ParseOptions = {}): MeshSnapshot {
  const { name, observedAt = 0 } = options
  try {
    const clean = text.startsWith('\ufeff') ? text.slice(1) : text
    if (clean.length > MAX_LENGTH) throw invalidTopology('the document', 'more than 512 MiB')
    const codec = CODECS[options.format ?? detectFormat(clean)]
    return buildSnapshot(codec.decode(clean, { observedAt, name: name?.replace(/\.(json|gml)$/i, '') }))
  } catch (error) {
    throw named(error, name)
  }
}

/**
 * The text of a file that `parseTopology` reads back to the same nodes, links, qualities and attributes. What
 * the format has no words for travels in its `meshswarm` fields, which other programs pass over. Routes are in
 * no file. Attributes are taken as JSON: a function or a class among them is lost.
 */
export function writeTopology(snapshot: MeshSnapshot, format: TopologyFormat): string {
  const codec = CODECS[format]
  // Read back with a time and a name that are not the mesh's: what a reader would fill in must be told.
  const untold: DecodeOptions = { observedAt: Number.NaN, name: `${snapshot.label ?? ''}+` }
  const plain: Encoded = codec.encode(withoutReserved(snapshot))
  extend(plain.doc, topDifference(snapshot, codec.decode(codec.print(plain.doc), untold)))
  const restored = buildSnapshot(codec.decode(codec.print(plain.doc), untold))
  const nodes = [...restored.nodes.values()]
  const links = [...restored.links.values()]
  const lost = () => meshSwarmError('INVARIANT', `The ${format} writer lost a node or a link.`)
  ;[...snapshot.nodes.values()].forEach((node, i) => {
    const [back, slot] = [nodes[i], plain.nodeSlots[i]]
    if (back === undefined || slot === undefined) throw lost()
    extend(slot, nodeDifference(node, back))
  })
  ;[...snapshot.links.values()].forEach((link, i) => {
    const [back, slot] = [links[i], plain.linkSlots[i]]
    if (back === undefined || slot === undefined) throw lost()
    extend(slot, linkDifference(link, back))
  })
  return codec.print(plain.doc)
}

function topDifference(snapshot: MeshSnapshot, restored: SnapshotSpec): Json | undefined {
  const difference: Json = {
    ...(snapshot.takenAt !== restored.takenAt && { takenAt: snapshot.takenAt }),
    ...(snapshot.source !== restored.source && { source: snapshot.source }),
    ...(snapshot.label !== restored.label && { label: snapshot.label ?? null }),
    ...attributeDifference(snapshot.attributes ?? {}, restored.attributes ?? {}),
  }
  return Object.keys(difference).length === 0 ? undefined : difference
}

/** Attributes of the extension's own name cannot stand natively: the extension carries them. */
function withoutReserved(snapshot: MeshSnapshot): MeshSnapshot {
  const clean = <T extends { readonly attributes?: Readonly<Json> }>(item: T): T => {
    if (item.attributes === undefined || !Object.hasOwn(item.attributes, EXTENSION_KEY)) return item
    const { [EXTENSION_KEY]: _, ...attributes } = item.attributes
    return { ...item, attributes }
  }
  const nodes = new Map([...snapshot.nodes].map(([id, node]) => [id, clean(node)]))
  const links = new Map([...snapshot.links].map(([id, link]) => [id, clean(link)]))
  return { ...clean(snapshot), nodes, links }
}

function extend(slot: Json, difference: Json | undefined): void {
  if (difference !== undefined) slot[EXTENSION_KEY] = { ...(slot[EXTENSION_KEY] ?? {}), ...difference }
}

function named(error: unknown, name: string | undefined): unknown {
  if (name === undefined || !(error instanceof Error) || !('code' in error)) return error
  const details = 'details' in error ? (error.details as Json) : {}
  return meshSwarmError('INVALID_TOPOLOGY', `${name}: ${error.message}`, {
    details: { file: name, ...details },
    cause: error.cause,
  })
}
