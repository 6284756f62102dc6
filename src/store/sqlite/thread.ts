// The one thread that has the database open. It takes what has come in, commits all of it together, and answers.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { openDatabase } from './open.ts'
import { packAnswers, unpackRequests } from './packed.ts'
import type { Answer, Batch, Call, Request, ThreadMessage, ThreadOptions } from './protocol.ts'
import type { Row, SqlValue, Written } from './sql.ts'
import { failureOf, Refusal } from './sqlite-error.ts'

interface Prepared {
  readonly statement: StatementSync
  readonly givesRows: boolean
}

class DatabaseThread {
  readonly #port: MessagePort
  readonly #database: DatabaseSync
  readonly #sql: string[] = []
  readonly #prepared: Prepared[] = []

  constructor(port: MessagePort, database: DatabaseSync) {
    this.#port = port
    this.#database = database
  }

  /** Everything that waits goes into one transaction: the more there is to do, the less a commit costs. */
  serve(message: Batch | 'close'): void {
    const batches: Batch[] = []
    let closing = false
    for (let next: Batch | 'close' | undefined = message; next !== undefined; next = this.#waiting()) {
      if (next === 'close') closing = true
      else {
        batches.push(next)
        this.#sql.push(...next.statements)
      }
    }
    this.#answer(batches)
    if (!closing) return
    this.#database.close()
    this.#port.close()
  }

  #waiting(): Batch | 'close' | undefined {
    return receiveMessageOnPort(this.#port)?.message
  }

  #answer(batches: readonly Batch[]): void {
    const asked = batches.map(({ requests }) => unpackRequests(requests))
    const answers = this.#commit(asked.flat())
    let from = 0
    for (const [index, { first }] of batches.entries()) {
      const to = from + (asked[index]?.length ?? 0)
      const message: ThreadMessage = { kind: 'answers', first, answers: packAnswers(answers.slice(from, to)) }
      from = to
      this.#port.postMessage(message)
    }
  }

  #commit(requests: readonly Request[]): readonly Answer[] {
    const writes = requests.some(({ kind }) => kind === 'write' || kind === 'shrink')
    // A copy cannot be made within a transaction.
    const copies = requests.map((request) => (request.kind === 'copy' ? this.#copy(request.file) : undefined))
    try {
      this.#database.exec(writes ? 'BEGIN IMMEDIATE' : 'BEGIN')
      const answers = requests.map((request, index) => copies[index] ?? this.#handle(request))
      this.#database.exec('COMMIT')
      return answers
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      const failure = failureOf(error)
      return requests.map((_, index) => copies[index] ?? failure)
    }
  }

  #handle(request: Request): Answer {
    try {
      if (request.kind === 'read') {
        const { statement, params } = request.call
        return this.#prepare(statement).statement.all(...params) as Row[]
      }
      if (request.kind === 'shrink') this.#database.exec(`PRAGMA incremental_vacuum(${request.pages})`)
      return request.kind === 'write' ? this.#write(request.calls) : []
    } catch (error) {
      // A full disk may have ended the whole transaction: then nothing of this batch has happened.
      if (!this.#database.isTransaction) throw error
      return failureOf(error)
    }
  }

  #write(calls: readonly Call[]): readonly Written[] {
    const [only] = calls
    // One statement is undone by itself where it fails.
    if (only && calls.length === 1 && only.changes === undefined) return [this.#run(only)]
    this.#database.exec('SAVEPOINT one')
    try {
      const written = calls.map((call) => this.#run(call))
      this.#database.exec('RELEASE one')
      return written
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK TO one; RELEASE one')
      throw error
    }
  }

  #run({ statement: number, params, changes: wanted }: Call): Written {
    const { statement, givesRows } = this.#prepare(number)
    const written = givesRows ? all(statement, params) : run(statement, params)
    if (wanted !== undefined && written.changes !== wanted)
      throw new Refusal('CONFLICT', `${written.changes} rows changed instead of ${wanted}`)
    return written
  }

  #copy(file: string): Answer {
    try {
      this.#database.prepare('VACUUM INTO ?').run(file)
      return []
    } catch (error) {
      return failureOf(error)
    }
  }

  #prepare(number: number): Prepared {
    let prepared = this.#prepared[number]
    if (!prepared) {
      const statement = this.#database.prepare(this.#sql[number] ?? '')
      prepared = { statement, givesRows: statement.columns().length > 0 }
      this.#prepared[number] = prepared
    }
    return prepared
  }
}

function all(statement: StatementSync, params: readonly SqlValue[]): Written {
  const rows = statement.all(...params) as Row[]
  return { changes: rows.length, rows }
}

const NO_ROWS: readonly Row[] = []

function run(statement: StatementSync, params: readonly SqlValue[]): Written {
  return { changes: Number(statement.run(...params).changes), rows: NO_ROWS }
}

function start(port: MessagePort): void {
  try {
    const { database, damage } = openDatabase(workerData as ThreadOptions)
    const thread = new DatabaseThread(port, database)
    port.on('message', (message: Batch | 'close') => thread.serve(message))
    port.postMessage({ kind: 'open', damage } satisfies ThreadMessage)
  } catch (error) {
    port.postMessage({ kind: 'refused', failure: failureOf(error) } satisfies ThreadMessage)
    port.close()
  }
}

if (parentPort) start(parentPort)
