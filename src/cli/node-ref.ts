import type { NodeId } from '../core/index.ts'

export interface NodeRef {
  readonly id: NodeId
  /** Unique in this mesh: two nodes of the same name carry their ids. */
  readonly name: string
}
