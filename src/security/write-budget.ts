import { meshSwarmError, type NodeId } from '../core/index.ts'

export interface WriteBudgetOptions {
  /** Length of the window. */
  readonly windowMs: number
  /** How many different nodes may be written in any window. Asked each time, as meshes grow and shrink. */
  readonly maxNodes: () => number
}

/**
 * Blast radius over time: how many different nodes are written within a sliding window, by whomever. A node
 * counts from its reservation until one window after its last write has ended.
 */
export class WriteBudget {
  readonly #options: WriteBudgetOptions
  readonly #lastWrite = new Map<NodeId, number>()
  readonly #writing = new Map<NodeId, number>()

  constructor(options: WriteBudgetOptions) {
    this.#options = options
  }

  /** How many different nodes count at the moment. */
  used(now: number): number {
    this.#forget(now)
    return this.#counted().size
  }

  /** Before a write. Throws BUDGET_EXCEEDED, and changes nothing, where the node would be one too many. */
  reserve(node: NodeId, now: number): void {
    this.#forget(now)
    const counted = this.#counted()
    const limit = this.#options.maxNodes()
    if (!counted.has(node) && counted.size >= limit) {
      const message = `${counted.size} nodes were changed within ${this.#options.windowMs / 60_000} minutes; ${node} would be one too many.`
      const oldest = Math.min(...this.#lastWrite.values())
      throw meshSwarmError('BUDGET_EXCEEDED', message, {
        details: { node, used: counted.size, limit, windowMs: this.#options.windowMs },
        retryAfterMs: Number.isFinite(oldest) ? oldest + this.#options.windowMs - now : undefined,
      })
    }
    this.begin(node)
  }

  /** Counts a write that nothing may stop (an undo). */
  begin(node: NodeId): void {
    this.#writing.set(node, (this.#writing.get(node) ?? 0) + 1)
  }

  /** After each `reserve` and `begin`. A failed write counts like another: something may have been touched. */
  end(node: NodeId, now: number): void {
    const left = (this.#writing.get(node) ?? 1) - 1
    if (left > 0) this.#writing.set(node, left)
    else this.#writing.delete(node)
    this.#lastWrite.set(node, now)
  }

  /** Gives a reservation back under which nothing was done. */
  cancel(node: NodeId): void {
    const left = (this.#writing.get(node) ?? 1) - 1
    if (left > 0) this.#writing.set(node, left)
    else this.#writing.delete(node)
  }

  #counted(): Set<NodeId> {
    return new Set([...this.#lastWrite.keys(), ...this.#writing.keys()])
  }

  #forget(now: number): void {
    for (const [node, at] of this.#lastWrite) {
      if (at <= now - this.#options.windowMs) this.#lastWrite.delete(node)
    }
  }
}
