import type { NodeId } from '../../core/index.ts'

/** What one token of a lineage may spend. A token's id stands for the same limits for ever. */
export interface LineageLimit {
  readonly id: string
  /** Requests in any minute. */
  readonly ratePerMinute: number
  /** Different nodes that are written in any window of `windowMs`. */
  readonly blastNodes: number
  readonly windowMs: number
}

export interface LimitedRequest {
  /** Of every ancestor of the token and of the token itself, outermost first. */
  readonly lineage: readonly LineageLimit[]
  readonly node: NodeId
  /** What only looks draws on the rates alone. `undo` counts as a write and is never refused. */
  readonly operation: 'read' | 'write' | 'undo'
  /** As many persons as it takes have approved it: the network's budget counts it and does not refuse it. */
  readonly approved?: boolean
}

/** A write of before a restart. */
export interface PastWrite {
  /** Ids of every ancestor of its token and of the token itself. */
  readonly lineage: readonly string[]
  readonly node: NodeId
  /** When it ended, or began where that is all that is known. */
  readonly at: number
}

/** What a request has drawn on every budget. The first of the two calls counts, later ones do nothing. */
export interface Reservation {
  /** The work has ended, well or not: something may have been touched. */
  end(): void
  /** Nothing was done: all of it is given back. */
  cancel(): void
}

/** Which budget refused; in `details.budget` of the error. */
export type BudgetName = 'rate' | 'blast' | 'network' | 'group'
