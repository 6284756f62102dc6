import type { Damage, Migration, Row, SqlValue, Written } from './sql.ts'

/** What passes between `Database` and its thread. */
export interface ThreadOptions {
  readonly file: string
  readonly migrations: readonly Migration[]
  /** Goes into the name of a damaged file. */
  readonly now: number
  readonly busyTimeoutMs: number
}

/** One of the statements of the batch, by its number: the text goes over once. */
export interface Call {
  readonly statement: number
  readonly params: readonly SqlValue[]
  readonly changes: number | undefined
}

export type Request =
  | { readonly kind: 'write'; readonly calls: readonly Call[] }
  | { readonly kind: 'read'; readonly call: Call }
  | { readonly kind: 'copy'; readonly file: string }
  | { readonly kind: 'shrink'; readonly pages: number }

/**
 * Many small objects as a few flat lists: what passes between threads is cloned, and a list of numbers is cloned many
 * times faster than objects that hold them.
 */
export interface Packed {
  /** What is there, and how many of it. */
  readonly shape: readonly number[]
  readonly values: readonly SqlValue[]
  readonly texts: readonly string[]
  readonly failures: readonly ThreadFailure[]
}

export interface Batch {
  readonly first: number
  /** SQL that the thread has not seen yet, numbered on from what it has. */
  readonly statements: readonly string[]
  readonly requests: Packed
}

export interface ThreadFailure {
  readonly code: 'CONFLICT' | 'UNAVAILABLE' | 'INVALID_CONFIGURATION' | 'INVARIANT'
  readonly message: string
}

export type Answer = readonly Written[] | readonly Row[] | ThreadFailure

export type ThreadMessage =
  | { readonly kind: 'open'; readonly damage: Damage | undefined }
  | { readonly kind: 'refused'; readonly failure: ThreadFailure }
  | { readonly kind: 'answers'; readonly first: number; readonly answers: Packed }

export function isFailure(answer: Answer): answer is ThreadFailure {
  return 'code' in answer
}
