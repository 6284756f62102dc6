import { meshSwarmError } from '../../core/index.ts'
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
    if (typeof note === 'string') yield { kind: 'checkpoint', note }
    else if (
      typeof seq === 'number' &&
      hash instanceof Uint8Array &&
      (text === null || typeof text === 'string')
    )
      yield { kind: 'entry', seq, hash: Buffer.from(hash), text: text ?? undefined }
    else
      throw meshSwarmError(
        'INVALID_INPUT',
        `${file}: after entry ${seq} there is something else than entries.`,
      )
  }
}
