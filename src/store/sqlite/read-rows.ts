import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { fromUnknown, meshSwarmError } from '../../core/index.ts'
import type { Row } from './sql.ts'
import { isDamage } from './sqlite-error.ts'

/**
 * Rows of a database as they lie there, one after another and of one moment, beside processes that write it. Repairs
 * and changes nothing. Throws INVALID_INPUT where there is no such file, it is damaged (after the rows before) or has
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
    const wrong = isDamage(error) || fromUnknown(error).message.includes('no such table')
    const message = `${file}: ${error instanceof Error ? error.message : String(error)}`
    throw meshSwarmError(wrong ? 'INVALID_INPUT' : 'UNAVAILABLE', message, { cause: error })
  } finally {
    database?.close()
  }
}
