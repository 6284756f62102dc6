import { type Clock, type IdSource, meshSwarmError } from '../../core/index.ts'
import { type Damage, Database } from '../../store/index.ts'
import { AuditStore } from './audit-store.ts'
import {
  type AuditEntry,
  type AuditRecord,
  beganAnew,
  decodeEntry,
  encodeEntry,
  isOwnKind,
  textsDropped,
} from './entry.ts'
import { LogWriter } from './log-writer.ts'
import type { MerkleHash } from './merkle.ts'
import { MerkleTree } from './merkle-tree.ts'
import { MIGRATIONS } from './schema.ts'
import type { NoteSigner } from './signed-note.ts'

export interface AuditLogComponents {
  readonly clock: Clock
  /** Must not repeat in another process. */
  readonly ids: IdSource
  /** Signs every checkpoint. All who append to one log have the same. */
  readonly signer: NoteSigner
}

export interface AuditLogOptions {
  /** Made where it is missing, with its directory. Several processes of one host may append. */
  readonly file: string
  /** How long the text of an entry is kept, looked at by `open`; its hash stays for good. Default 400 days. */
  readonly keepMs?: number
}

/** A proof, and the signed checkpoint that it leads to. */
export interface LogProof {
  readonly proof: readonly MerkleHash[]
  readonly checkpoint: string
}

interface Waiting {
  readonly text: string
  resolve(seq: number): void
  reject(error: unknown): void
}

const DEFAULT_KEEP_MS = 400 * 24 * 3_600_000
const MOST_AT_ONCE = 1000

/**
 * An append-only log that cannot be changed unnoticed: a Merkle tree (RFC 6962) in SQLite. Each commit holds the
 * entries that were waiting and one signed checkpoint over all that there are, so that no entry is without one.
 */
export class AuditLog {
  readonly file: string
  /** What was at `file` before and could not be used: the log is a new one, and says so in its first entry. */
  readonly damage: Damage | undefined
  readonly #clock: Clock
  readonly #database: Database
  readonly #store: AuditStore
  readonly #writer: LogWriter
  #queue: Waiting[] = []
  #writing: Promise<void> | undefined
  #closing: Promise<void> | undefined

  private constructor({ clock, ids, signer }: AuditLogComponents, database: Database) {
    this.file = database.file
    this.damage = database.damage
    this.#clock = clock
    this.#database = database
    this.#store = new AuditStore({ database })
    this.#writer = new LogWriter({ ids, signer, store: this.#store }, database)
  }

  /**
   * Rejects like `Database.open`; AUDIT_TAMPERED where the newest checkpoint is not signed by this key or is not that
   * of the tree beside it. That looks at the end of the log only: `verifyLog` looks at all of it.
   */
  static async open(components: AuditLogComponents, options: AuditLogOptions): Promise<AuditLog> {
    const { clock } = components
    const { file, keepMs = DEFAULT_KEEP_MS } = options
    const log = new AuditLog(components, await Database.open({ clock }, { file, migrations: MIGRATIONS }))
    try {
      await clock.hold(log.#begin(clock.now() - keepMs))
      return log
    } catch (error) {
      await log.close()
      throw error
    }
  }

  /** The newest signed checkpoint that this process knows, to be kept elsewhere; undefined before the first entry. */
  get checkpoint(): string | undefined {
    return this.#writer.end?.note
  }

  /**
   * Resolves when the entry is durable and signed for. What is appended while a commit is under way shares the next
   * one. Rejects INVALID_INPUT for an entry that is too large or of a kind of the log's own, UNAVAILABLE where the
   * disk or another process is in the way or the log is closed, AUDIT_TAMPERED where the store is no longer what this
   * process knows.
   */
  append(entry: AuditEntry): Promise<AuditRecord> {
    return this.#clock.hold(this.#append(entry))
  }

  /** Proves to whoever has the checkpoint of `size` entries that nothing of it was changed since. Reads every hash. */
  async proveConsistency(size: number): Promise<LogProof> {
    return this.#prove((tree) => tree.consistency(size))
  }

  /** Proves that entry `seq` is in the log. Reads every hash. */
  async proveInclusion(seq: number): Promise<LogProof> {
    return this.#prove((tree) => tree.inclusion(seq))
  }

  /** After everything appended so far. A second call returns the first one's promise. */
  close(): Promise<void> {
    this.#closing ??= this.#clock.hold(this.#close())
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #begin(keepFrom: number): Promise<void> {
    await this.#writer.catchUp()
    const now = this.#clock.now()
    if (this.damage) await this.#writer.write([encodeEntry(now, beganAnew(this.damage))])
    const through = await this.#store.lastBefore(keepFrom)
    if (through === undefined) return
    // That texts were dropped is an entry itself, in the same commit.
    await this.#writer.write([encodeEntry(now, textsDropped(through))], through)
  }

  async #append(entry: AuditEntry): Promise<AuditRecord> {
    if (isOwnKind(entry.kind))
      throw meshSwarmError('INVALID_INPUT', `Only the log itself writes entries of the kind ${entry.kind}.`)
    const text = encodeEntry(this.#clock.now(), entry)
    if (this.#closing) throw meshSwarmError('UNAVAILABLE', 'The audit log is closed.')
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    this.#queue.push({ text, resolve, reject })
    this.#writing ??= this.#writeAll()
    return decodeEntry(await promise, text)
  }

  async #prove(of: (tree: MerkleTree) => readonly MerkleHash[]): Promise<LogProof> {
    const { end } = this.#writer
    if (!end) throw meshSwarmError('INVALID_INPUT', 'The audit log has no entries yet.')
    const tree = new MerkleTree(await this.#store.hashes(0, end.tree.size))
    return { proof: of(tree), checkpoint: end.note }
  }

  /** One commit after another, each with all that waits. Never rejects: those who wait hear of it. */
  async #writeAll(): Promise<void> {
    // What the rest of this turn appends is in the first one.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, MOST_AT_ONCE)
      try {
        const first = await this.#writer.write(batch.map(({ text }) => text))
        for (const [index, { resolve }] of batch.entries()) resolve(first + index)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#writing = undefined
  }

  async #close(): Promise<void> {
    await this.#writing
    await this.#database.close()
  }
}
