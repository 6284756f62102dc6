import { readRows } from '../../store/index.ts'
import type { MerkleHash } from './merkle.ts'

/** One thing of a log as it lies there, in its order: an entry, or a checkpoint over the entries before it. */
export type LogRecord =
  | {
      readonly kind: 'entry'
      readonly seq: number
      readonly hash: MerkleHash
      /** Undefined where it was dropped. */
      readonly text: string | undefined
    }
  | { readonly kind: 'checkpoint'; readonly note: string }

const ALL = `
  SELECT seq, hash, text, NULL AS note FROM entry UNION ALL SELECT last, NULL, NULL, note FROM checkpoint
  ORDER BY 1, 4`

/** All of a log's store, believed by nobody yet, beside those who append to it. Throws like `readRows`. */
export function* readStore(file: string): Generator<LogRecord> {
  for (const { seq, hash, text, note } of readRows(file, ALL)) {
    if (note !== null) yield { kind: 'checkpoint', note: String(note) }
    else {
      const bytes = Buffer.from(hash as Uint8Array)
      yield { kind: 'entry', seq: Number(seq), hash: bytes, text: text === null ? undefined : String(text) }
    }
  }
}
