import { type StepId, type SwarmId, stepId } from '../../../core/index.ts'
import type { Database } from '../../../store/index.ts'
import type { Json } from '../json.ts'
import type { ResultEntry, ResultStore } from '../swarm-backend.ts'
import { type Changes, follow } from './changes.ts'

const PUT = 'INSERT INTO result (swarm, step, result) VALUES (?, ?, ?) ON CONFLICT (swarm, step) DO NOTHING'
const GET = 'SELECT result FROM result WHERE swarm = ? AND step = ?'
const READ = 'SELECT seq, step, result FROM result WHERE swarm = ? AND seq > ? ORDER BY seq'

export class EmbeddedResults implements ResultStore {
  readonly #database: Database
  readonly #changes: Changes

  constructor(components: { readonly database: Database; readonly changes: Changes }) {
    this.#database = components.database
    this.#changes = components.changes
  }

  async put(swarm: SwarmId, step: StepId, result: Json): Promise<'stored' | 'duplicate'> {
    const params = [swarm, step, JSON.stringify(result)]
    const [written] = await this.#database.write([{ sql: PUT, params }])
    if (written?.changes !== 1) return 'duplicate'
    this.#changes.tell('result')
    return 'stored'
  }

  async get(swarm: SwarmId, step: StepId): Promise<Json | undefined> {
    const [row] = await this.#database.read(GET, [swarm, step])
    return row && JSON.parse(String(row.result))
  }

  async read(swarm: SwarmId, after = 0): Promise<readonly ResultEntry[]> {
    const rows = await this.#database.read(READ, [swarm, after])
    return rows.map(({ seq, step, result }) => ({
      seq: Number(seq),
      step: stepId(String(step)),
      result: JSON.parse(String(result)),
    }))
  }

  follow(swarm: SwarmId, after: number, signal: AbortSignal): AsyncIterable<readonly ResultEntry[]> {
    const read = (from: number) => this.read(swarm, from)
    return follow(this.#changes, 'result', after, read, ({ seq }) => seq, signal)
  }
}
