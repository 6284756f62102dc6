import { hasCode, type IdSource, meshSwarmError } from '../../core/index.ts'
import type { AuditStore } from './audit-store.ts'
import { openCheckpoint, signCheckpoint } from './checkpoint.ts'
import { CompactTree } from './compact-tree.ts'
import { leafHash } from './merkle.ts'
import type { NoteSigner } from './signed-note.ts'

/** The newest checkpoint that this process knows, and the tree below it. */
export interface LogEnd {
  readonly origin: string
  readonly tree: CompactTree
  readonly note: string
}

/**
 * Adds entries at the end of the log, each time with a checkpoint over all of it. It signs nothing that does not go
 * on from what it has signed or seen before: what other processes have added is checked first, and everything else
 * is AUDIT_TAMPERED.
 */
export class LogWriter {
  readonly #components: { readonly ids: IdSource; readonly signer: NoteSigner; readonly store: AuditStore }
  readonly #file: string
  #end: LogEnd | undefined

  constructor(
    components: { readonly ids: IdSource; readonly signer: NoteSigner; readonly store: AuditStore },
    { file }: { readonly file: string },
  ) {
    this.#components = components
    this.#file = file
  }

  get end(): LogEnd | undefined {
    return this.#end
  }

  /** Gives the place of the first one. Not to be called again before it has settled. */
  async write(texts: readonly string[], dropThrough?: number): Promise<number> {
    const { signer, ids, store } = this.#components
    const leaves = texts.map((text) => ({ text, hash: leafHash(text) }))
    for (;;) {
      const before = this.#end?.tree ?? CompactTree.EMPTY
      const origin = this.#end?.origin ?? `${signer.verifier.name}/${ids.next('log')}`
      const tree = before.with(leaves.map(({ hash }) => hash))
      const note = signCheckpoint({ origin, size: tree.size, root: tree.root }, signer)
      try {
        await store.commit(before.size, leaves, { tree, note }, dropThrough)
        this.#end = { origin, tree, note }
        return before.size
      } catch (error) {
        if (!hasCode(error, 'CONFLICT')) throw error
      }
      // Another process was faster: after what that one wrote.
      await this.catchUp()
      if (this.#end?.tree.size === before.size || !this.#end)
        throw this.#tampered(`entries from ${before.size} on have no checkpoint`)
    }
  }

  /** Goes on from what the store holds, once it is shown to go on from what this process knows. */
  async catchUp(): Promise<void> {
    const { signer, store } = this.#components
    const known = this.#end?.tree ?? CompactTree.EMPTY
    const stored = await store.end()
    if (!stored) {
      if (known.size > 0) throw this.#tampered(`all ${known.size} entries have gone`)
      return
    }
    const { size, entries, note, edge } = stored
    const signed = openCheckpoint(note, signer.verifier)
    if (signed?.size !== size)
      throw this.#tampered(`the checkpoint of entry ${size - 1} is not signed by this key`)
    if (entries !== size) throw this.#tampered(`it holds ${entries} entries, and ${size} are signed`)
    if (size < known.size) throw this.#tampered(`entries ${size} to ${known.size - 1} have gone`)
    const tree = this.#end ? known.with(await store.hashes(known.size, size)) : this.#fromEdge(size, edge)
    const other = this.#end && this.#end.origin !== signed.origin
    if (other || !tree.root.equals(signed.root))
      throw this.#tampered(`what lies in it up to entry ${size - 1} is not what was signed`)
    this.#end = { origin: signed.origin, tree, note }
  }

  #fromEdge(size: number, edge: Uint8Array): CompactTree {
    const tree = CompactTree.from(size, edge)
    if (!tree) throw this.#tampered(`the edge of the tree at entry ${size - 1} is not one`)
    return tree
  }

  #tampered(what: string) {
    return meshSwarmError(
      'AUDIT_TAMPERED',
      `The audit log ${this.#file} was changed by somebody else: ${what}.`,
      {
        details: { file: this.#file },
      },
    )
  }
}
