import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { meshSwarmError } from '../../core/index.ts'
import type { Row } from './sql.ts'
import { failureOf, isDamage } from './sqlite-error.ts'

/**
 * Rows of a database as they lie there, one after another and of one moment, beside processes that write it. Repairs
 * and changes nothing; SQLite may make its two files beside it. Throws INVALID_INPUT where there is no such file, it is damaged (after the rows before) or has
 * no such tables, UNAVAILABLE where it cannot be read now.
 */
export function* readRows(file: string, sql: string): Generator<Row> {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile())
    throw meshSwarmError('INVALID_INPUT', `There is no file ${file}.`)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file, { readOnly: true, timeout: 5000 })
    for (const row of database.prepare(sql).iterate()) yield row as Row
  } catch (error) {
    const { code, message } = failureOf(error)
    const busy = code === 'UNAVAILABLE' && !isDamage(error)
    throw meshSwarmError(busy ? 'UNAVAILABLE' : 'INVALID_INPUT', `${file}: ${message}`, { cause: error })
  } finally {
    database?.close()
  }
}
