import { type AgentId, meshSwarmError, type NodeId } from '../../core/index.ts'
import type { Decision } from '../decision.ts'

export type AuditJson =
  | null
  | boolean
  | number
  | string
  | readonly AuditJson[]
  | { readonly [key: string]: AuditJson | undefined }

/** What goes into the log. The named members are those that it can be searched by; others are the kind's own. */
export interface AuditEntry {
  readonly kind: string
  /** Who asked. */
  readonly agent?: AgentId
  /** For which node. */
  readonly node?: NodeId
  readonly allowed?: boolean
  readonly [detail: string]: AuditJson | undefined
}

/** An entry with its place, counted from 0 without a gap, and the clock's time in ms. */
export interface AuditRecord {
  readonly seq: number
  readonly at: number
  readonly entry: AuditEntry
}

/** Under which authority somebody asked. */
export interface DecisionAuthority {
  /** Revocation ids of the token's blocks, the root's first. */
  readonly token?: readonly string[]
  /** The policies that decided. */
  readonly policies?: readonly string[]
}

export function decisionEntry(decision: Decision, authority: DecisionAuthority = {}): AuditEntry {
  const { operation, agent, change, action, reason, allowed } = decision
  const refusal = decision.allowed ? {} : { code: decision.code, why: decision.why }
  const about = { agent, node: action.node, allowed, operation, change, action: { ...action }, reason }
  return { kind: 'decision', ...about, ...refusal, ...authority }
}

const MAX_TEXT = 64 * 1024

/** The leaf: JSON of one line. Throws INVALID_INPUT where it is too long. */
export function encodeEntry(at: number, entry: AuditEntry): string {
  const text = JSON.stringify({ at, entry })
  if (text.length > MAX_TEXT) {
    const details = { kind: entry.kind, characters: text.length }
    throw meshSwarmError('INVALID_INPUT', `An entry has ${MAX_TEXT} characters at most.`, { details })
  }
  return text
}

/** Throws AUDIT_TAMPERED for what `encodeEntry` did not write. */
export function decodeEntry(seq: number, text: string): AuditRecord {
  try {
    const { at, entry } = JSON.parse(text) as Partial<AuditRecord>
    if (typeof at === 'number' && typeof entry?.kind === 'string') return { seq, at, entry }
  } catch {
    // What it is instead is of no interest.
  }
  throw meshSwarmError('AUDIT_TAMPERED', `Entry ${seq} of the audit log cannot be read.`, {
    details: { seq },
  })
}

const TEXTS_DROPPED = 'texts-dropped'
const BEGAN_ANEW = 'began-anew'

/** What the log says of itself. Nobody else can say it: `AuditLog.append` refuses these kinds. */
export function isOwnKind(kind: string): boolean {
  return kind === TEXTS_DROPPED || kind === BEGAN_ANEW
}

/** The texts of all entries up to `through` were dropped, on purpose. */
export function textsDropped(through: number): AuditEntry {
  return { kind: TEXTS_DROPPED, through }
}

/** The log that was here before was damaged, and set aside. */
export function beganAnew({ movedTo, why }: { readonly movedTo: string; readonly why: string }): AuditEntry {
  return { kind: BEGAN_ANEW, movedTo, why }
}

/** Up to where the text says that texts were dropped; -1 where it does not. */
export function droppedThrough(text: string): number {
  if (!text.includes(TEXTS_DROPPED)) return -1
  try {
    const { kind, through } = decodeEntry(0, text).entry
    return kind === TEXTS_DROPPED && typeof through === 'number' ? through : -1
  } catch {
    // Whoever looks at the hash says what is wrong with it.
    return -1
  }
}

export interface EntryFilter {
  readonly agent?: AgentId
  readonly node?: NodeId
  readonly allowed?: boolean
  /** Clock time in ms: from, and until before. */
  readonly since?: number
  readonly until?: number
}

export function matches({ at, entry }: AuditRecord, filter: EntryFilter): boolean {
  const { agent, node, allowed, since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = filter
  return (
    at >= since &&
    at < until &&
    (agent === undefined || entry.agent === agent) &&
    (node === undefined || entry.node === node) &&
    (allowed === undefined || entry.allowed === allowed)
  )
}
