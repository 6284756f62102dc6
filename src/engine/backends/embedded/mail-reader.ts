import { cancelledError, hasCode, meshSwarmError } from '../../../core/index.ts'
import type { Database, Statement, Written } from '../../../store/index.ts'
import type { Address, MailReader, TakenLetter } from '../mail.ts'
import type { Changes } from './changes.ts'
import * as sql from './mail-sql.ts'

export interface MailReaderComponents {
  readonly database: Database
  readonly changes: Changes
  /** Does it to letters of which none is over. */
  readonly change: (statements: readonly Statement[]) => Promise<readonly Written[]>
}

export interface MailReaderOptions {
  readonly address: Address
  /** Its name in the table of readers. */
  readonly reader: string
  readonly newest: number
}

export class EmbeddedMailReader implements MailReader {
  readonly newest: number
  readonly #components: MailReaderComponents
  readonly #address: Address
  readonly #reader: string

  constructor(components: MailReaderComponents, { address, reader, newest }: MailReaderOptions) {
    this.#components = components
    this.#address = address
    this.#reader = reader
    this.newest = newest
  }

  async take(): Promise<TakenLetter | undefined> {
    const key = sql.keyOf(this.#address)
    try {
      const [, taken] = await this.#components.change([
        { sql: sql.CHECK_READER, params: [...key, this.#reader], changes: 1 },
        { sql: sql.TAKE, params: key },
      ])
      const [row] = taken?.rows ?? []
      return row && sql.takenLetterOf(row)
    } catch (error) {
      throw hasCode(error, 'CONFLICT') ? this.#ousted() : error
    }
  }

  async *arrivals(after: number, signal: AbortSignal): AsyncGenerator<number, never, undefined> {
    const { database, changes } = this.#components
    let seen = after
    for (;;) {
      const mark = changes.mark('mail')
      const [row] = await database.read(sql.NEWEST, [...sql.keyOf(this.#address), this.#reader])
      if (signal.aborted) throw cancelledError(signal, 'The wait for letters')
      if (!row) throw this.#ousted()
      const newest = Number(row.newest)
      if (newest > seen) {
        seen = newest
        yield newest
      }
      await changes.after('mail', mark, signal)
    }
  }

  #ousted(): Error {
    const { swarm, agent } = this.#address
    const text = `The mailbox of ${agent} in ${swarm} is read by somebody else by now, or was removed.`
    return meshSwarmError('CONFLICT', text, { details: { swarm, agent } })
  }
}
