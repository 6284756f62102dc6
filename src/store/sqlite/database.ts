import { Worker } from 'node:worker_threads'
import { type Clock, meshSwarmError } from '../../core/index.ts'
import { packRequests, unpackAnswers } from './packed.ts'
import {
  type Answer,
  type Batch,
  type Call,
  isFailure,
  type Request,
  type ThreadMessage,
  type ThreadOptions,
} from './protocol.ts'
import type { Damage, Migration, Row, SqlValue, Statement, Written } from './sql.ts'

export interface DatabaseOptions {
  /** Made where it is missing, with its directory. Several processes on one host may have it open. */
  readonly file: string
  /** All there ever were, oldest first. */
  readonly migrations: readonly Migration[]
  /** How long to wait for the write lock of another process. Default 5 s. */
  readonly busyTimeoutMs?: number
  /** Hears how long each write took, until it was durable. */
  readonly onWritten?: ((ms: number) => void) | undefined
}

interface Waiting {
  resolve(answer: Answer): void
  reject(error: unknown): void
}

const USED = `
  SELECT (page_count - freelist_count) * page_size AS bytes
  FROM pragma_page_count, pragma_freelist_count, pragma_page_size`
const THREAD = new URL('./thread.ts', import.meta.url)

/**
 * SQLite (WAL, `synchronous=FULL`) on a thread of its own. The writes of one turn of the event loop, and all that
 * wait while a commit is on its way, share one commit. The open database does not keep the process alive; what it
 * is asked for does.
 */
export class Database {
  /** The file that was there could not be used; undefined where it could. */
  readonly damage: Damage | undefined
  readonly file: string
  readonly #clock: Clock
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  readonly #exited: Promise<void>
  readonly #onWritten: DatabaseOptions['onWritten']
  /** Numbers of the statements: there are as many as there are texts in the code. */
  readonly #numbers = new Map<string, number>()
  #unseen: string[] = []
  #next = 0
  #batch: Request[] = []
  #scheduled = false
  #closing: Promise<void> | undefined

  private constructor(
    clock: Clock,
    worker: Worker,
    { file, onWritten }: DatabaseOptions,
    damage: Damage | undefined,
  ) {
    this.#clock = clock
    this.#worker = worker
    this.file = file
    this.damage = damage
    this.#onWritten = onWritten
    this.#exited = new Promise((resolve) => worker.once('exit', () => resolve()))
    worker.on('message', (message: ThreadMessage) => this.#answered(message))
    worker.on('error', (error) => this.#failAll(error))
    void this.#exited.then(() => this.#failAll(undefined))
    worker.unref()
  }

  /**
   * Rejects INVALID_CONFIGURATION for the file of another program or of a newer version, UNAVAILABLE where it
   * cannot be opened. A damaged file is set aside, and told in `damage`.
   */
  static async open({ clock }: { readonly clock: Clock }, options: DatabaseOptions): Promise<Database> {
    const { file, migrations, busyTimeoutMs = 5000 } = options
    const workerData: ThreadOptions = { file, migrations, busyTimeoutMs, now: clock.now() }
    const worker = new Worker(THREAD, { workerData })
    const opened = new Promise<Damage | undefined>((resolve, reject) => {
      worker.once('error', reject)
      worker.once('message', (message: ThreadMessage) => {
        if (message.kind === 'open') resolve(message.damage)
        else if (message.kind === 'refused') {
          const { code, message: text } = message.failure
          reject(
            meshSwarmError(code, `The database ${file} cannot be opened: ${text}`, { details: { file } }),
          )
        }
      })
    })
    const damage = await clock.hold(opened)
    worker.removeAllListeners('error')
    return new Database(clock, worker, options, damage)
  }

  /**
   * All of the statements or none, in the order of the calls; durable when it resolves. Rejects CONFLICT where a
   * constraint or `changes` is violated, UNAVAILABLE where the disk or another process is in the way or the
   * database is closed; then nothing of it has happened. After a failed commit that is so for the whole batch.
   */
  async write(statements: readonly Statement[]): Promise<readonly Written[]> {
    const calls = statements.map(({ sql, params = [], changes }) => this.#call(sql, params, changes))
    const askedAt = this.#clock.now()
    const written = (await this.#ask({ kind: 'write', calls })) as readonly Written[]
    this.#onWritten?.(this.#clock.now() - askedAt)
    return written
  }

  /** Sees every write that was called before it, of this process. */
  async read(sql: string, params: readonly SqlValue[] = []): Promise<readonly Row[]> {
    return (await this.#ask({ kind: 'read', call: this.#call(sql, params, undefined) })) as readonly Row[]
  }

  /** A compact copy in a new file, of one moment. Rejects UNAVAILABLE where the file exists. */
  async copyTo(file: string): Promise<void> {
    await this.#ask({ kind: 'copy', file })
  }

  /** Gives up to so many free pages back to the disk. */
  async shrink(pages: number): Promise<void> {
    await this.#ask({ kind: 'shrink', pages })
  }

  /** Bytes of the pages that are in use. */
  async usedBytes(): Promise<number> {
    const [row] = await this.read(USED)
    return Number(row?.bytes)
  }

  /** After everything asked for so far. A second call returns the first one's promise. */
  close(): Promise<void> {
    this.#closing ??= this.#clock.hold(this.#close())
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#flush()
    this.#worker.ref()
    this.#worker.postMessage('close')
    await this.#exited
  }

  #call(sql: string, params: readonly SqlValue[], changes: number | undefined): Call {
    let statement = this.#numbers.get(sql)
    if (statement === undefined) {
      statement = this.#numbers.size
      this.#numbers.set(sql, statement)
      this.#unseen.push(sql)
    }
    return { statement, params, changes }
  }

  #ask(request: Request): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    if (this.#closing) reject(meshSwarmError('UNAVAILABLE', `The database ${this.file} is closed.`))
    else {
      if (this.#waiting.size === 0) this.#worker.ref()
      this.#waiting.set(this.#next++, { resolve, reject })
      this.#batch.push(request)
      if (!this.#scheduled) setImmediate(() => this.#flush())
      this.#scheduled = true
    }
    return this.#clock.hold(promise)
  }

  #flush(): void {
    this.#scheduled = false
    if (this.#batch.length === 0) return
    const first = this.#next - this.#batch.length
    const batch: Batch = { first, statements: this.#unseen, requests: packRequests(this.#batch) }
    this.#batch = []
    this.#unseen = []
    this.#worker.postMessage(batch)
  }

  #answered(message: ThreadMessage): void {
    if (message.kind !== 'answers') return
    for (const [index, answer] of unpackAnswers(message.answers).entries()) {
      const id = message.first + index
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (!isFailure(answer)) waiting?.resolve(answer)
      else waiting?.reject(meshSwarmError(answer.code, `${this.file}: ${answer.message}`))
    }
    if (this.#waiting.size === 0 && !this.#closing) this.#worker.unref()
  }

  #failAll(cause: unknown): void {
    const error = meshSwarmError('UNAVAILABLE', `The database ${this.file} is closed.`, { cause })
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
