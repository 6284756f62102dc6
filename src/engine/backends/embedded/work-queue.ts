import {
  type Clock,
  meshSwarmError,
  type SwarmId,
  stepId,
  swarmId,
  throwIfCancelled,
} from '../../../core/index.ts'
import type { Database, Row } from '../../../store/index.ts'
import { PLACES_PER_PRIORITY } from '../../fair-queue.ts'
import type { Lease, LeaseRequest, WorkItem, WorkQueue } from '../swarm-backend.ts'
import type { Changes } from './changes.ts'

const OFFER = `
  INSERT INTO work (swarm, step, queue, payload, rank, free_at)
  SELECT item.value ->> 'swarm', item.value ->> 'step', item.value ->> 'queue', item.value ->> 'payload',
    counter.value + item.key - ${PLACES_PER_PRIORITY} * (item.value ->> 'priority'), item.value ->> 'notBefore'
  FROM json_each(?) AS item, counter
  WHERE counter.name = 'work' AND NOT EXISTS (
    SELECT 1 FROM result WHERE swarm = item.value ->> 'swarm' AND step = item.value ->> 'step')
  ON CONFLICT (swarm, step) DO NOTHING`
const COUNT = "UPDATE counter SET value = value + ? WHERE name = 'work'"
const LEASE = `
  UPDATE work SET attempt = attempt + 1, interrupted = worker IS NOT NULL, worker = ?1, process = ?6, free_at = ?2
  WHERE id IN (SELECT id FROM work WHERE queue = ?3 AND free_at <= ?4 ORDER BY rank LIMIT ?5)
  RETURNING swarm, step, payload, attempt, interrupted, rank`
const NEXT = 'SELECT min(free_at) AS at FROM work WHERE queue = ?'
const OWN = 'swarm = ? AND step = ? AND attempt = ?'

export class EmbeddedWorkQueue implements WorkQueue {
  readonly #clock: Clock
  readonly #database: Database
  readonly #changes: Changes
  readonly #process: string

  /** `process` is the name under which this process is listed in the table of those who have the store open. */
  constructor(
    components: { readonly clock: Clock; readonly database: Database; readonly changes: Changes },
    { process }: { readonly process: string },
  ) {
    this.#clock = components.clock
    this.#database = components.database
    this.#changes = components.changes
    this.#process = process
  }

  async offer(items: readonly WorkItem[]): Promise<void> {
    const rows = items.map(({ payload, priority = 0, notBefore = 0, ...item }) => ({
      ...item,
      payload: JSON.stringify(payload),
      priority,
      notBefore,
    }))
    await this.#database.write([
      { sql: OFFER, params: [JSON.stringify(rows)] },
      { sql: COUNT, params: [items.length] },
    ])
    this.#changes.tell('work')
  }

  async lease(request: LeaseRequest, signal: AbortSignal): Promise<readonly Lease[]> {
    const { queue, worker, most, leaseMs } = request
    for (;;) {
      throwIfCancelled(signal, 'The wait for work')
      const mark = this.#changes.mark('work')
      const now = this.#clock.now()
      const until = now + leaseMs
      const params = [worker, until, queue, now, most, this.#process]
      const [leased] = await this.#database.write([{ sql: LEASE, params }])
      if (leased && leased.rows.length > 0) return inTurn(leased.rows, until)
      const [next] = await this.#database.read(NEXT, [queue])
      const at = next?.at
      const wake = typeof at === 'number' ? { until: at } : {}
      await this.#changes.after('work', mark, signal, wake)
    }
  }

  async extend(lease: Lease, leaseMs: number): Promise<Lease> {
    const until = this.#clock.now() + leaseMs
    if (await this.#change(`UPDATE work SET free_at = ? WHERE ${OWN}`, [until], lease))
      return { ...lease, until }
    const { swarm, step, attempt } = lease
    throw meshSwarmError('CONFLICT', `Step ${step} of ${swarm} is no longer attempt ${attempt}'s.`, {
      details: { swarm, step, attempt },
    })
  }

  async release(lease: Lease, notBefore = 0): Promise<boolean> {
    const sql = `UPDATE work SET free_at = ?, worker = NULL, process = NULL WHERE ${OWN}`
    const released = await this.#change(sql, [notBefore], lease)
    this.#changes.tell('work')
    return released
  }

  done(lease: Lease): Promise<boolean> {
    return this.#change(`DELETE FROM work WHERE ${OWN}`, [], lease)
  }

  async withdraw(swarm: SwarmId): Promise<void> {
    await this.#database.write([{ sql: 'DELETE FROM work WHERE swarm = ?', params: [swarm] }])
  }

  async #change(sql: string, params: readonly number[], { swarm, step, attempt }: Lease): Promise<boolean> {
    const [written] = await this.#database.write([{ sql, params: [...params, swarm, step, attempt] }])
    return written?.changes === 1
  }
}

/** `RETURNING` keeps no order. */
function inTurn(rows: readonly Row[], until: number): readonly Lease[] {
  return rows
    .toSorted((a, b) => Number(a.rank) - Number(b.rank))
    .map(({ swarm, step, payload, attempt, interrupted }) => ({
      swarm: swarmId(String(swarm)),
      step: stepId(String(step)),
      payload: JSON.parse(String(payload)),
      attempt: Number(attempt),
      interrupted: interrupted === 1,
      until,
    }))
}
