import type { Database, Statement } from '../../store/index.ts'
import type { CompactTree } from './compact-tree.ts'
import type { MerkleHash } from './merkle.ts'

export interface Leaf {
  readonly text: string
  readonly hash: MerkleHash
}

/** The newest checkpoint as it lies there, believed by nobody yet. */
export interface StoredEnd {
  readonly size: number
  readonly note: string
  readonly edge: Uint8Array
  /** Entries that are there. */
  readonly entries: number
}

const END = `
  SELECT last + 1 AS size, note, edge, (SELECT max(seq) + 1 FROM entry) AS entries
  FROM checkpoint ORDER BY last DESC LIMIT 1`
const HASHES = 'SELECT hash FROM entry WHERE seq >= ? AND seq < ? ORDER BY seq'
const INSERT = 'INSERT INTO entry (seq, hash, text) VALUES (?, ?, ?)'
const CHECKPOINT = `
  INSERT INTO checkpoint (last, note, edge) SELECT ?1, ?2, ?3
  WHERE coalesce((SELECT max(last) + 1 FROM checkpoint), 0) = ?4`
const DROP = 'UPDATE entry SET text = NULL WHERE seq <= ? AND text IS NOT NULL'
/** A text that cannot be read is not old: it stays for whoever looks at it. */
const YOUNG = `
  SELECT seq FROM entry
  WHERE text IS NOT NULL AND CASE WHEN json_valid(text) THEN json_extract(text, '$.at') >= ? ELSE TRUE END
  ORDER BY seq LIMIT 1`
const OLD = `
  SELECT max(seq) AS seq FROM entry WHERE text IS NOT NULL AND seq < coalesce((${YOUNG}), ${Number.MAX_SAFE_INTEGER})`

/** The log's tables. */
export class AuditStore {
  readonly #database: Database

  constructor(components: { readonly database: Database }) {
    this.#database = components.database
  }

  async end(): Promise<StoredEnd | undefined> {
    const [row] = await this.#database.read(END)
    if (!row) return undefined
    const { size, note, edge, entries } = row
    return { size: Number(size), note: String(note), edge: edge as Uint8Array, entries: Number(entries) }
  }

  async hashes(from: number, to: number): Promise<readonly MerkleHash[]> {
    const rows = await this.#database.read(HASHES, [from, to])
    return rows.map(({ hash }) => Buffer.from(hash as Uint8Array))
  }

  /** The last of those entries that still have a text and are all older; undefined where there is none. */
  async lastBefore(time: number): Promise<number | undefined> {
    const [row] = await this.#database.read(OLD, [time])
    return typeof row?.seq === 'number' ? row.seq : undefined
  }

  /**
   * Adds the leaves and the checkpoint over the tree with them. Rejects CONFLICT where there is more in the store
   * than `before` entries, or less. `dropThrough` drops the texts up to that entry in the same commit.
   */
  async commit(
    before: number,
    leaves: readonly Leaf[],
    { tree, note }: { readonly tree: CompactTree; readonly note: string },
    dropThrough?: number,
  ): Promise<void> {
    const statements: Statement[] = leaves.map(({ text, hash }, index) => ({
      sql: INSERT,
      params: [before + index, hash, text],
    }))
    statements.push({ sql: CHECKPOINT, params: [tree.size - 1, note, tree.bytes, before], changes: 1 })
    if (dropThrough !== undefined) statements.push({ sql: DROP, params: [dropThrough] })
    await this.#database.write(statements)
  }
}
