import type { Link, LinkSide, MeshNode, MeshSnapshot, RouteView } from '../model.ts'
import type { Source } from '../observation.ts'

/** Each field may also be given as undefined, which is the same as leaving it out. */
type Loose<T> = { readonly [K in keyof T]?: T[K] | undefined }

/** A node as plain data. What is left out is unknown, false, undefined or empty. */
export interface NodeSpec extends Loose<Omit<MeshNode, 'id'>> {
  readonly id: string
  /** Where it stands in its file, for the error message: `nodes[3]`, `line 12`. */
  readonly place?: string | undefined
}

export interface SideSpec extends Loose<Omit<LinkSide, 'node'>> {
  readonly node: string
}

/** A link as plain data; an end may be a bare node id. */
export interface LinkSpec extends Loose<Omit<Link, 'id' | 'a' | 'b'>> {
  /** Unless told, `linkIdBetween` of the ends: the n-th link between the same two nodes gets the ordinal n. */
  readonly id?: string | undefined
  readonly a: string | SideSpec
  readonly b: string | SideSpec
  readonly place?: string | undefined
}

/** All that `buildSnapshot` needs. */
export interface SnapshotSpec {
  /** Clock time of the picture, in ms. */
  readonly takenAt: number
  readonly source: Source
  readonly label?: string | undefined
  readonly attributes?: MeshSnapshot['attributes']
  /** `EMPTY_ROUTES` unless told. */
  readonly routes?: RouteView | undefined
  readonly nodes: Iterable<NodeSpec>
  readonly links: Iterable<LinkSpec>
}
