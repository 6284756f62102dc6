import type { MeshSnapshot } from '../model.ts'
import type { SnapshotSpec } from '../topology/index.ts'

export type TopologyFormat = 'meshviewer' | 'netjson' | 'gml'

export type Json = Record<string, unknown>

export interface DecodeOptions {
  /** Clock time, in ms, of a file that does not tell its own. */
  readonly observedAt: number
  /** Label of a file that does not tell its own. */
  readonly name: string | undefined
}

/**
 * A document as far as the format can say it, still open: slots are the records, in the order of the snapshot,
 * that take the extension of a node or a link (see extension.ts), `doc` the one that takes the mesh's.
 */
export interface Encoded {
  readonly doc: Json
  readonly nodeSlots: readonly Json[]
  readonly linkSlots: readonly Json[]
}

/** One file format. Plain nodes and links come in the order of the file. */
export interface FormatCodec {
  /** Throws INVALID_TOPOLOGY with the place. */
  decode(text: string, options: DecodeOptions): SnapshotSpec
  encode(snapshot: MeshSnapshot): Encoded
  print(doc: Json): string
}
