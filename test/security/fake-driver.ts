import { type ChangeId, type Clock, meshSwarmError } from '../../src/core/index.ts'
import type { AppliedChange, MeshDriver } from '../../src/mesh/index.ts'

/** A mesh that only keeps books of its changes, each of which takes `delayMs`. */
export class FakeDriver {
  readonly writes: { readonly node: string; readonly from: number; readonly to: number }[] = []
  readonly hastened: string[][] = []
  readonly books = new Map<ChangeId, AppliedChange>()
  failNext = false
  readonly #clock: Clock
  readonly #delayMs: () => number

  constructor(clock: Clock, delayMs: () => number = () => 0) {
    this.#clock = clock
    this.#delayMs = delayMs
  }

  /** As a driver: what the controller does not need throws. */
  get driver(): MeshDriver {
    const unused = () => {
      throw meshSwarmError('ACTION_UNSUPPORTED', 'Not part of the fake.')
    }
    return {
      name: 'fake',
      source: 'simulated',
      capabilities: () => new Set(),
      snapshot: unused,
      watch: unused,
      probe: unused,
      inspect: unused,
      hasten: async (nodes) => void this.hastened.push([...nodes]),
      close: unused,
      changes: async () => [...this.books.values()],
      apply: async (action, { id, confirmWithinMs, reason }) => {
        const earlier = this.books.get(id)
        if (earlier) return earlier
        const appliedAt = this.#clock.now()
        const ms = this.#delayMs()
        if (ms > 0) await this.#clock.sleep(ms)
        this.writes.push({ node: action.node, from: appliedAt, to: this.#clock.now() })
        if (this.failNext) throw meshSwarmError('DAEMON_UNAVAILABLE', 'told to fail')
        const confirmBy = appliedAt + confirmWithinMs
        return this.#note({ id, action, state: 'pending', appliedAt, confirmBy, reason })
      },
      confirm: async (id) => this.#note({ ...this.#find(id), state: 'confirmed' }),
      rollback: async (id) => this.#note({ ...this.#find(id), state: 'rolled-back' }),
    }
  }

  #note(change: AppliedChange): AppliedChange {
    this.books.set(change.id, change)
    return change
  }

  #find(id: ChangeId): AppliedChange {
    const change = this.books.get(id)
    if (!change) throw meshSwarmError('CHANGE_NOT_FOUND', `No change ${id}.`)
    return change
  }
}
