import type { Clock, IdSource, SwarmId } from '../../../core/index.ts'
import { type Damage, Database } from '../../../store/index.ts'
import type { KeyValue, MessageBus, PlanLog, ResultStore, SwarmBackend, WorkQueue } from '../swarm-backend.ts'
import { Changes } from './changes.ts'
import { EmbeddedKeyValue } from './key-value.ts'
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
}

export interface EmbeddedOptions {
  /** The database. Several processes of one host and one pid namespace may share it. */
  readonly file: string
}

/** The backend without a server: SQLite in this process. */
export class EmbeddedBackend implements SwarmBackend {
  readonly log: PlanLog
  readonly work: WorkQueue
  readonly results: ResultStore
  readonly kv: KeyValue
  readonly bus: MessageBus
  /** What was at `file` before and could not be used. */
  readonly damage: Damage | undefined
  readonly #database: Database
  readonly #changes: Changes
  readonly #process: string
  #closing: Promise<void> | undefined

  private constructor(clock: Clock, database: Database, changes: Changes, bus: MessageBus, process: string) {
    const components = { clock, database, changes }
    this.log = new EmbeddedPlanLog(components)
    this.work = new EmbeddedWorkQueue(components, { process })
    this.results = new EmbeddedResults(components)
    this.kv = new EmbeddedKeyValue(components)
    this.bus = bus
    this.damage = database.damage
    this.#database = database
    this.#changes = changes
    this.#process = process
  }

  /** Rejects like `Database.open`. */
  static async open({ clock, ids }: EmbeddedComponents, { file }: EmbeddedOptions): Promise<EmbeddedBackend> {
    const database = await Database.open({ clock }, { file, migrations: MIGRATIONS })
    const changes = await Changes.open(clock, database)
    const process = ids.next('process')
    await enterProcess(database, process)
    const bus = await EmbeddedMessageBus.open({ clock, database, changes, ids })
    return new EmbeddedBackend(clock, database, changes, bus, process)
  }

  async forget(swarm: SwarmId): Promise<void> {
    const tables = ['plan', 'result', 'work'].map((table) => `DELETE FROM ${table} WHERE swarm = ?`)
    const statements = [...tables, 'DELETE FROM swarm WHERE name = ?'].map((sql) => ({
      sql,
      params: [swarm],
    }))
    await this.#database.write(statements)
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
