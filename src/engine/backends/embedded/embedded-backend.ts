import type { Clock, IdSource } from '../../../core/index.ts'
import { type Damage, Database } from '../../../store/index.ts'
import type { KeyValue, MessageBus, PlanLog, ResultStore, SwarmBackend, WorkQueue } from '../swarm-backend.ts'
import { Changes } from './changes.ts'
import { EmbeddedKeyValue } from './key-value.ts'
import { EmbeddedMessageBus } from './message-bus.ts'
import { EmbeddedPlanLog } from './plan-log.ts'
import { EmbeddedResults } from './results.ts'
import { MIGRATIONS } from './schema.ts'
import { EmbeddedWorkQueue } from './work-queue.ts'

export interface EmbeddedComponents {
  readonly clock: Clock
  /** For the addresses that answers go to: must not repeat in another process. */
  readonly ids: IdSource
}

export interface EmbeddedOptions {
  /** The database. Several processes on one host may share it; never over a network file system. */
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
  #closing: Promise<void> | undefined

  private constructor(clock: Clock, database: Database, changes: Changes, bus: MessageBus) {
    const components = { clock, database, changes }
    this.log = new EmbeddedPlanLog(components)
    this.work = new EmbeddedWorkQueue(components)
    this.results = new EmbeddedResults(components)
    this.kv = new EmbeddedKeyValue(components)
    this.bus = bus
    this.damage = database.damage
    this.#database = database
    this.#changes = changes
  }

  /** Rejects like `Database.open`. */
  static async open({ clock, ids }: EmbeddedComponents, { file }: EmbeddedOptions): Promise<EmbeddedBackend> {
    const database = await Database.open({ clock }, { file, migrations: MIGRATIONS })
    const changes = await Changes.open(clock, database)
    const bus = await EmbeddedMessageBus.open({ clock, database, changes, ids })
    return new EmbeddedBackend(clock, database, changes, bus)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #close(): Promise<void> {
    this.#changes.close()
    return this.#database.close()
  }
}
