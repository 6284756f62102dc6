export type SqlValue = string | number | bigint | null | Uint8Array

export type Row = Readonly<Record<string, SqlValue>>

/** One SQL statement with positional parameters. */
export interface Statement {
  readonly sql: string
  readonly params?: readonly SqlValue[]
  /** How many rows it has to change, or else the whole write is undone and rejects CONFLICT. */
  readonly changes?: number
}

export interface Written {
  readonly changes: number
  /** What `RETURNING` gave. */
  readonly rows: readonly Row[]
}

/** SQL that takes a database from one version to the next. Once published, never changed. */
export type Migration = string

/** A file that was no sound database, moved out of the way. Nothing of it was deleted. */
export interface Damage {
  readonly movedTo: string
  readonly why: string
}
