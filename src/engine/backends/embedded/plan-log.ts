import { hasCode, meshSwarmError, type SwarmId, swarmId } from '../../../core/index.ts'
import type { Database, Row } from '../../../store/index.ts'
import type { Json } from '../json.ts'
import type { PlanEntry, PlanLog } from '../swarm-backend.ts'
import { type Changes, follow } from './changes.ts'

const LAST = 'coalesce((SELECT max(version) FROM plan WHERE swarm = ?1), 0)'
const APPEND = `
  INSERT INTO plan (swarm, version, event)
  SELECT ?1, ?2 + 1 + key, value FROM json_each(?3) WHERE ${LAST} = ?2`
const LIST = 'INSERT INTO swarm (name) VALUES (?) ON CONFLICT DO NOTHING'
const LATEST = 'SELECT version, event FROM plan WHERE swarm = ? ORDER BY version DESC LIMIT 1'
const READ = 'SELECT version, event FROM plan WHERE swarm = ? AND version > ? ORDER BY version'

export class EmbeddedPlanLog implements PlanLog {
  readonly #database: Database
  readonly #changes: Changes

  constructor(components: { readonly database: Database; readonly changes: Changes }) {
    this.#database = components.database
    this.#changes = components.changes
  }

  async append(swarm: SwarmId, expected: number, events: readonly Json[]): Promise<number> {
    const texts = JSON.stringify(events.map((event) => JSON.stringify(event)))
    try {
      await this.#database.write([
        { sql: APPEND, params: [swarm, expected, texts], changes: events.length },
        { sql: LIST, params: [swarm] },
      ])
    } catch (error) {
      if (!hasCode(error, 'CONFLICT')) throw error
      const message = `The plan of ${swarm} is not at version ${expected} any more.`
      throw meshSwarmError('CONFLICT', message, { details: { swarm, expected }, cause: error })
    }
    this.#changes.tell('plan')
    return expected + events.length
  }

  async swarms(): Promise<readonly SwarmId[]> {
    const rows = await this.#database.read('SELECT name FROM swarm ORDER BY id')
    return rows.map(({ name }) => swarmId(String(name)))
  }

  async read(swarm: SwarmId, after = 0): Promise<readonly PlanEntry[]> {
    const rows = await this.#database.read(READ, [swarm, after])
    return rows.map(entryOf)
  }

  async last(swarm: SwarmId): Promise<PlanEntry | undefined> {
    const [row] = await this.#database.read(LATEST, [swarm])
    return row && entryOf(row)
  }

  follow(swarm: SwarmId, after: number, signal: AbortSignal): AsyncIterable<readonly PlanEntry[]> {
    const read = (from: number) => this.read(swarm, from)
    return follow(this.#changes, 'plan', after, read, ({ version }) => version, signal)
  }
}

function entryOf({ version, event }: Row): PlanEntry {
  return { version: Number(version), event: JSON.parse(String(event)) }
}
