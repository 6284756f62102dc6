import { fromBase64 } from './base64.ts'
import { HASH_BYTES, type TreeHead } from './merkle.ts'
import type { NoteSigner, NoteVerifier } from './signed-note.ts'

/** What a log says of itself at one size: the text of a C2SP tlog-checkpoint. */
export interface Checkpoint extends TreeHead {
  /** Which log: no two have the same. */
  readonly origin: string
}

export function signCheckpoint({ origin, size, root }: Checkpoint, signer: NoteSigner): string {
  return signer.sign(`${origin}\n${size}\n${root.toString('base64')}\n`)
}

/** Undefined where the key has not signed it, or it is no checkpoint. */
export function openCheckpoint(note: string, verifier: NoteVerifier): Checkpoint | undefined {
  const [origin = '', digits = '', hash = '', ...rest] = verifier.open(note)?.split('\n') ?? []
  const [size, root] = [Number(digits), fromBase64(hash)]
  // Lines may follow in the format; ours has none, and what nobody understands is not let through.
  if (origin === '' || rest.join('') !== '' || rest.length !== 1) return undefined
  if (!/^(0|[1-9]\d*)$/.test(digits) || !Number.isSafeInteger(size)) return undefined
  if (root?.length !== HASH_BYTES) return undefined
  return { origin, size, root }
}
