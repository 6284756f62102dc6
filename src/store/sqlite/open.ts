import { closeSync, existsSync, mkdirSync, openSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { lockDirectory } from '../lock.ts'
import type { ThreadOptions } from './protocol.ts'
import type { Damage, Migration } from './sql.ts'
import { isDamage, Refusal } from './sqlite-error.ts'

/** "mesh" in ASCII: tells a database of ours from anybody else's. */
const APPLICATION_ID = 0x6d657368

export interface Opened {
  readonly database: DatabaseSync
  readonly damage: Damage | undefined
}

/**
 * Opens the file, or sets it aside where it is damaged and begins a new one. Throws where it belongs to another
 * program or to a newer version: such a file stays as it is.
 */
export function openDatabase(options: ThreadOptions): Opened {
  mkdirSync(dirname(options.file), { recursive: true, mode: 0o700 })
  try {
    return { database: openSound(options), damage: undefined }
  } catch (error) {
    if (!isDamage(error)) throw error
  }
  // Of two processes that find the same damage, one moves the file; the other finds the new one.
  const lock = lockDirectory(`${options.file}.repair`)
  try {
    return { database: openSound(options), damage: undefined }
  } catch (error) {
    if (!isDamage(error)) throw error
    const damage = setAside(options, error instanceof Error ? error.message : String(error))
    return { database: openSound(options), damage }
  } finally {
    lock.release()
  }
}

function openSound({ file, migrations, busyTimeoutMs }: ThreadOptions): DatabaseSync {
  // Readable for its owner only; the files that SQLite puts beside it take after it.
  closeSync(openSync(file, 'a', 0o600))
  const database = new DatabaseSync(file, { timeout: busyTimeoutMs })
  try {
    checkSound(database)
    // Free pages can be given back to the disk; to be said before there are any.
    if (pragma(database, 'page_count') === 0) database.exec('PRAGMA auto_vacuum = INCREMENTAL')
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;')
    // The log is written back every 16 MB instead of every 4: a commit that has to do so is late.
    database.exec('PRAGMA wal_autocheckpoint = 4000')
    migrate(database, file, migrations)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function checkSound(database: DatabaseSync): void {
  const [first] = database.prepare('PRAGMA quick_check(1)').all()
  const verdict = first?.quick_check
  if (verdict !== 'ok') throw Object.assign(new Error(String(verdict)), { errcode: 11 })
}

function migrate(database: DatabaseSync, file: string, migrations: readonly Migration[]): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    const version = pragma(database, 'user_version')
    const owner = pragma(database, 'application_id')
    const tables = database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.count
    if (owner !== APPLICATION_ID && tables !== 0)
      throw new Refusal('INVALID_CONFIGURATION', `${file} is a database of another program.`)
    if (version > migrations.length) {
      const text = `${file} was written by a newer meshswarm (version ${version}, here ${migrations.length}): update.`
      throw new Refusal('INVALID_CONFIGURATION', text)
    }
    for (const migration of migrations.slice(version)) database.exec(migration)
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${migrations.length}`)
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

function pragma(database: DatabaseSync, name: 'user_version' | 'application_id' | 'page_count'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}

function setAside({ file, now }: ThreadOptions, why: string): Damage {
  const stamp = new Date(now).toISOString().replaceAll(':', '')
  let movedTo = `${file}.damaged-${stamp}`
  for (let n = 2; existsSync(movedTo); n++) movedTo = `${file}.damaged-${stamp}-${n}`
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(file + suffix)) renameSync(file + suffix, movedTo + suffix)
  }
  return { movedTo, why }
}
