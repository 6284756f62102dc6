import { type Clock, cancelledError, hasCode, meshSwarmError } from '../../../core/index.ts'
import type { Database, Row, Statement } from '../../../store/index.ts'
import type { Json } from '../json.ts'
import type { KeyValue, KeyValueChange, KeyValueEntry, KeyValueOptions } from '../swarm-backend.ts'
import type { Changes } from './changes.ts'

/** How long a deleted or expired entry is kept for those who watch. */
const FORGET_MS = 60_000

const NEXT_REVISION = "UPDATE counter SET value = value + 1 WHERE name = 'kv'"
const REVISION = "(SELECT value FROM counter WHERE name = 'kv')"
const PUT = `
  INSERT INTO kv (key, value, expires_at, revision) VALUES (?1, ?2, ?3, ${REVISION})
  ON CONFLICT (key) DO UPDATE SET value = ?2, expires_at = ?3, revision = ${REVISION}`
const ABSENT = '(kv.value IS NULL OR kv.expires_at <= ?4)'
const CREATE = `${PUT} WHERE ${ABSENT}`
const REPLACE = `
  UPDATE kv SET value = ?2, expires_at = ?3, revision = ${REVISION}
  WHERE key = ?1 AND NOT ifnull(${ABSENT}, FALSE) AND revision = ?5`
const DELETE = `
  UPDATE kv SET value = NULL, expires_at = ?2, revision = ${REVISION}
  WHERE key = ?1 AND value IS NOT NULL AND (expires_at IS NULL OR expires_at > ?2) AND revision = ifnull(?3, revision)`
const FORGET = 'DELETE FROM kv WHERE expires_at <= ?'
const GET = 'SELECT * FROM kv WHERE key = ? AND value IS NOT NULL AND (expires_at IS NULL OR expires_at > ?)'
/** Whatever changed, and whatever has an end: an expiry changes no row. */
const CHANGED = `
  SELECT * FROM kv WHERE substr(key, 1, length(?1)) = ?1 AND (revision > ?2 OR expires_at IS NOT NULL)
  ORDER BY revision`

export class EmbeddedKeyValue implements KeyValue {
  readonly #clock: Clock
  readonly #database: Database
  readonly #changes: Changes

  constructor(components: { readonly clock: Clock; readonly database: Database; readonly changes: Changes }) {
    this.#clock = components.clock
    this.#database = components.database
    this.#changes = components.changes
  }

  async get(key: string): Promise<KeyValueEntry | undefined> {
    const [row] = await this.#database.read(GET, [key, this.#clock.now()])
    return row && entryOf(row)
  }

  put(key: string, value: Json, options: KeyValueOptions = {}): Promise<number> {
    return this.#write({ sql: PUT, params: [key, JSON.stringify(value), this.#end(options)] })
  }

  async compareAndSet(
    key: string,
    revision: number,
    value: Json,
    options: KeyValueOptions = {},
  ): Promise<number> {
    const params = [key, JSON.stringify(value), this.#end(options), this.#clock.now()]
    const statement =
      revision === 0 ? { sql: CREATE, params } : { sql: REPLACE, params: [...params, revision] }
    try {
      return await this.#write({ ...statement, changes: 1 })
    } catch (error) {
      if (!hasCode(error, 'CONFLICT')) throw error
      throw meshSwarmError('CONFLICT', `${key} is not at revision ${revision}.`, {
        details: { key, revision },
        cause: error,
      })
    }
  }

  async delete(key: string, revision?: number): Promise<boolean> {
    const params = [key, this.#clock.now(), revision ?? null]
    const [, deleted] = await this.#database.write([
      { sql: NEXT_REVISION },
      { sql: DELETE, params },
      { sql: FORGET, params: [this.#clock.now() - FORGET_MS] },
    ])
    this.#changes.tell('kv')
    return deleted?.changes === 1
  }

  async *watch(prefix: string, signal: AbortSignal): AsyncGenerator<KeyValueChange, never, undefined> {
    /** The revision last told of each live key. */
    const told = new Map<string, number>()
    let seen = 0
    for (;;) {
      const mark = this.#changes.mark('kv')
      const rows = await this.#database.read(CHANGED, [prefix, seen])
      const now = this.#clock.now()
      let nextEnd = Number.POSITIVE_INFINITY
      for (const row of rows) {
        const { key, revision } = entryOf(row)
        seen = Math.max(seen, revision)
        const end = row.expires_at === null ? nextEnd : Number(row.expires_at)
        const lives = row.value !== null && (row.expires_at === null || end > now)
        if (lives) nextEnd = Math.min(nextEnd, end)
        if (lives ? told.get(key) === revision : !told.has(key)) continue
        if (lives) told.set(key, revision)
        else told.delete(key)
        if (signal.aborted) throw cancelledError(signal, 'The watching')
        yield lives ? entryOf(row) : { key, value: undefined }
      }
      await this.#changes.after('kv', mark, signal, { until: nextEnd })
    }
  }

  async #write(statement: Statement): Promise<number> {
    const [counted] = await this.#database.write([
      { sql: `${NEXT_REVISION} RETURNING value` },
      statement,
      { sql: FORGET, params: [this.#clock.now() - FORGET_MS] },
    ])
    this.#changes.tell('kv')
    return Number(counted?.rows[0]?.value)
  }

  #end({ ttlMs }: KeyValueOptions): number | null {
    return ttlMs === undefined ? null : this.#clock.now() + ttlMs
  }
}

function entryOf({ key, value, revision }: Row): KeyValueEntry {
  return { key: String(key), value: JSON.parse(String(value)), revision: Number(revision) }
}
