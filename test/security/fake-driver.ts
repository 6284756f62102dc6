import { type ChangeId, type Clock, meshSwarmError } from '../../src/core/index.ts'
import type { AppliedChange, MeshDriver, Proof, Prover } from '../../src/mesh/index.ts'

/** A mesh that only keeps books of its changes, each of which takes `delayMs`. */
export class FakeDriver {
  readonly writes: { readonly node: string; readonly from: number; readonly to: number }[] = []
  readonly hastened: string[][] = []
  readonly books = new Map<ChangeId, AppliedChange>()
  readonly proofs: (Proof | undefined)[] = []
  refuses = false
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
      gate: async () => undefined,
      tell: async () => undefined,
      hasten: async (nodes, _forMs, signal, prover) => {
        await this.#prove(prover, signal)
        this.hastened.push([...nodes])
      },
      close: unused,
      changes: async () => [...this.books.values()],
      apply: async (action, { id, confirmWithinMs, reason }, signal, prover) => {
        await this.#prove(prover, signal)
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
      confirm: async (id, signal, prover) => {
        await this.#prove(prover, signal)
        return this.#note({ ...this.#find(id), state: 'confirmed' })
      },
      rollback: async (id, signal, prover) => {
        await this.#prove(prover, signal)
        return this.#note({ ...this.#find(id), state: 'rolled-back' })
      },
    }
  }

  /** As a node with a gate that refuses whoever has no proof, and believes every proof. */
  async #prove(prover: Prover | undefined, signal: AbortSignal): Promise<void> {
    const proof = await prover?.({ session: 'fake', epoch: 1 }, signal)
    this.proofs.push(proof)
    if (this.refuses) throw meshSwarmError('ACTION_DENIED', 'The node says no.')
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
