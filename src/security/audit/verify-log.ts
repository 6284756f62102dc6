import { setImmediate } from 'node:timers/promises'
import { hasCode, meshSwarmError, throwIfCancelled } from '../../core/index.ts'
import { type Checkpoint, openCheckpoint } from './checkpoint.ts'
import { CompactTree } from './compact-tree.ts'
import { droppedThrough } from './entry.ts'
import { leafHash } from './merkle.ts'
import type { LogRecord } from './records.ts'
import type { NoteVerifier } from './signed-note.ts'

/** Something that is wrong with a log, and where: the first and the last entry that it can be. */
export interface Finding {
  readonly from: number
  readonly to: number
  readonly what: string
}

export interface LogReport {
  /** Which log it says it is; undefined where no checkpoint holds. */
  readonly origin: string | undefined
  readonly entries: number
  readonly checkpoints: number
  /** Entries whose text was dropped on purpose. */
  readonly dropped: number
  /** The newest checkpoint that holds: worth keeping elsewhere. */
  readonly checkpoint: string | undefined
  /** None: nothing was changed, dropped, moved or added. */
  readonly findings: readonly Finding[]
}

export interface VerifyOptions {
  /**
   * A checkpoint of this log that was kept elsewhere. Without one a log that was cut short, or made anew by somebody
   * who has the key, looks sound.
   */
  readonly kept?: string | undefined
}

const BETWEEN_TURNS = 1000

/**
 * Looks at every entry and every checkpoint of a whole log. Rejects INVALID_INPUT where `kept` is no checkpoint of
 * this key, CANCELLED where the signal aborts; what is wrong with the log is in the report.
 */
export async function verifyLog(
  records: Iterable<LogRecord> | AsyncIterable<LogRecord>,
  { verifier }: { readonly verifier: NoteVerifier },
  { kept }: VerifyOptions,
  signal: AbortSignal,
): Promise<LogReport> {
  const check = new LogCheck(verifier, keptCheckpoint(kept, verifier))
  let count = 0
  try {
    for await (const record of records) {
      if (record.kind === 'entry') check.entry(record)
      else check.checkpoint(record.note)
      if (++count % BETWEEN_TURNS === 0) await setImmediate()
      throwIfCancelled(signal, 'The verification')
    }
  } catch (error) {
    if (!hasCode(error, 'INVALID_INPUT')) throw error
    check.unreadable(error.message)
  }
  return check.end()
}

function keptCheckpoint(note: string | undefined, verifier: NoteVerifier): Checkpoint | undefined {
  if (note === undefined) return undefined
  const checkpoint = openCheckpoint(note, verifier)
  if (!checkpoint)
    throw meshSwarmError('INVALID_INPUT', 'What was kept is no checkpoint that this key has signed.')
  return checkpoint
}

class LogCheck {
  readonly #verifier: NoteVerifier
  readonly #kept: Checkpoint | undefined
  readonly #findings: Finding[] = []
  #tree = CompactTree.EMPTY
  /** Where an entry was lost or a root is wrong, all later roots differ: it is said once. */
  #comparable = true
  #next = 0
  #entries = 0
  /** Entries below a checkpoint that holds, and below any that is signed. */
  #sound = 0
  #signed = 0
  #checkpoints = 0
  #newest: { readonly note: string; readonly origin: string } | undefined
  #dropped = 0
  #lastDropped = -1
  #dropThrough = -1

  constructor(verifier: NoteVerifier, kept: Checkpoint | undefined) {
    this.#verifier = verifier
    this.#kept = kept
  }

  entry({ seq, hash, text }: Extract<LogRecord, { kind: 'entry' }>): void {
    if (seq !== this.#next) {
      if (seq > this.#next) this.#find(this.#next, seq - 1, 'missing')
      else this.#find(seq, seq, 'in the wrong place')
      this.#comparable = false
    }
    this.#next = Math.max(this.#next, seq + 1)
    this.#entries++
    if (text === undefined) {
      this.#dropped++
      this.#lastDropped = seq
    } else {
      if (!leafHash(text).equals(hash)) this.#find(seq, seq, 'altered: its text is not that of its hash')
      this.#dropThrough = Math.max(this.#dropThrough, droppedThrough(text))
    }
    if (!this.#comparable) return
    this.#tree = this.#tree.with([hash])
    if (this.#kept?.size === this.#next && !this.#kept.root.equals(this.#tree.root))
      this.#find(0, this.#next - 1, 'not what the kept checkpoint says: the log was forked or made anew')
  }

  checkpoint(note: string): void {
    this.#checkpoints++
    const last = this.#next - 1
    const signed = openCheckpoint(note, this.#verifier)
    this.#signed = Math.max(this.#signed, signed?.size ?? 0)
    if (!signed) this.#find(this.#sound, last, 'below a checkpoint that this key has not signed')
    else if (this.#newest && signed.origin !== this.#newest.origin)
      this.#find(this.#sound, last, `below a checkpoint of another log, ${signed.origin}`)
    else if (this.#comparable) this.#compare(signed, note)
  }

  #compare(signed: Checkpoint, note: string): void {
    const [next, last] = [this.#next, this.#next - 1]
    this.#comparable = false
    if (signed.size > next) {
      this.#find(next, signed.size - 1, 'missing')
      this.#next = signed.size
    } else if (signed.size < next)
      this.#find(signed.size, last, 'before a checkpoint that does not hold them')
    else if (!signed.root.equals(this.#tree.root)) this.#find(this.#sound, last, 'not what was signed')
    else {
      this.#comparable = true
      this.#sound = next
      this.#newest = { note, origin: signed.origin }
    }
  }

  unreadable(why: string): void {
    this.#find(this.#next, this.#next, `unreadable from here on: ${why}`)
  }

  end(): LogReport {
    if (this.#next > this.#signed) this.#find(this.#signed, this.#next - 1, 'not signed for')
    if (this.#lastDropped > this.#dropThrough)
      this.#find(
        this.#dropThrough + 1,
        this.#lastDropped,
        'without a text, and no entry says that it was dropped',
      )
    const { origin, note } = this.#newest ?? {}
    const kept = this.#kept
    if (kept && origin !== undefined && kept.origin !== origin)
      this.#find(0, this.#next - 1, `of another log than the kept checkpoint, which is of ${kept.origin}`)
    else if (kept && kept.size > this.#next)
      this.#find(this.#next, kept.size - 1, 'cut off since the checkpoint was kept')
    return Object.freeze({
      origin,
      entries: this.#entries,
      checkpoints: this.#checkpoints,
      dropped: this.#dropped,
      checkpoint: note,
      findings: this.#findings,
    })
  }

  #find(from: number, to: number, what: string): void {
    this.#findings.push({ from, to, what })
  }
}
