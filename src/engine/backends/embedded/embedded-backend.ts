import { existsSync, renameSync } from 'node:fs'
import type { Clock, IdSource, SwarmId } from '../../../core/index.ts'
import { type Damage, Database } from '../../../store/index.ts'
import type { Metrics } from '../../../telemetry/index.ts'
import type { Mail, MailOptions } from '../mail.ts'
import type { KeyValue, MessageBus, PlanLog, ResultStore, SwarmBackend, WorkQueue } from '../swarm-backend.ts'
import { FileBlobs } from './blobs.ts'
import { Changes } from './changes.ts'
import { EmbeddedKeyValue } from './key-value.ts'
import { EmbeddedMail } from './mail.ts'
import { MAIL_TABLES } from './mail-sql.ts'
import { EmbeddedMessageBus } from './message-bus.ts'
import { EmbeddedPlanLog } from './plan-log.ts'
import { enterProcess, leaveProcess } from './processes.ts'
import { EmbeddedResults } from './results.ts'
import { MIGRATIONS } from './schema.ts'
import { EmbeddedWorkQueue } from './work-queue.ts'

export interface EmbeddedComponents {
  readonly clock: Clock
  /** Must not repeat in another process. */
  readonly ids: IdSource
  readonly metrics?: Metrics | undefined
}

export interface EmbeddedOptions {
  /** The database; large values lie in `…-blobs`. Several processes of one host and one pid namespace may share it. */
  readonly file: string
  /** The bounds of mailboxes. */
  readonly mail?: MailOptions
}

/** 16 MB at a time: a commit that gives back more would be late. */
const SHRINK_PAGES = 4096

/** The backend without a server: SQLite in this process. */
export class EmbeddedBackend implements SwarmBackend {
  readonly log: PlanLog
  readonly work: WorkQueue
  readonly results: ResultStore
  readonly kv: KeyValue
  readonly bus: MessageBus
  readonly mail: Mail
  readonly blobs: FileBlobs
  /** What was at `file` before and could not be used. */
  readonly damage: Damage | undefined
  readonly #database: Database
  readonly #changes: Changes
  readonly #process: string
  #closing: Promise<void> | undefined

  private constructor(
    components: { readonly clock: Clock; readonly database: Database; readonly changes: Changes },
    bus: MessageBus,
    mail: Mail,
    blobs: FileBlobs,
    process: string,
  ) {
    const { database, changes } = components
    this.log = new EmbeddedPlanLog(components)
    this.work = new EmbeddedWorkQueue(components, { process })
    this.results = new EmbeddedResults(components)
    this.kv = new EmbeddedKeyValue(components)
    this.bus = bus
    this.mail = mail
    this.blobs = blobs
    this.damage = database.damage
    this.#database = database
    this.#changes = changes
    this.#process = process
  }

  /** Rejects like `Database.open`. */
  static async open(
    { clock, ids, metrics }: EmbeddedComponents,
    { file, mail: bounds }: EmbeddedOptions,
  ): Promise<EmbeddedBackend> {
    const onWritten = (ms: number) =>
      metrics?.observe('meshswarm_store_write_duration_seconds', {}, ms / 1000)
    const database = await Database.open({ clock }, { file, migrations: MIGRATIONS, onWritten })
    const directory = `${file}-blobs`
    // What lies beside a database belongs to it.
    if (database.damage && existsSync(directory)) renameSync(directory, `${database.damage.movedTo}-blobs`)
    const changes = await Changes.open(clock, database)
    const process = ids.next('process')
    await enterProcess(database, process)
    const bus = await EmbeddedMessageBus.open({ clock, database, changes, ids })
    const mail = new EmbeddedMail({ clock, database, changes, ids }, bounds)
    const blobs = new FileBlobs({ ids }, { directory })
    return new EmbeddedBackend({ clock, database, changes }, bus, mail, blobs, process)
  }

  async forget(swarm: SwarmId): Promise<void> {
    const tables = ['plan', 'result', 'work', ...MAIL_TABLES].map(
      (table) => `DELETE FROM ${table} WHERE swarm = ?`,
    )
    const statements = [...tables, 'DELETE FROM swarm WHERE name = ?'].map((sql) => ({
      sql,
      params: [swarm],
    }))
    // Blobs first: what a crash leaves behind is a swarm that can be forgotten once more, and no file that nobody knows.
    await this.blobs.forget(swarm)
    await this.#database.write(statements)
    this.#changes.tell('mail')
    await this.#database.shrink(SHRINK_PAGES)
  }

  async usedBytes(): Promise<number> {
    const [database, blobs] = await Promise.all([this.#database.usedBytes(), this.blobs.usedBytes()])
    return database + blobs
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#changes.close()
    // A disk that is full is no reason not to close: the next start frees what this one had leased.
    const left = leaveProcess(this.#database, this.#process).catch(() => undefined)
    await Promise.all([left, this.#database.close()])
    this.#changes.release()
  }
}
