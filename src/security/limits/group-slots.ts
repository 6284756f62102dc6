import type { NodeId } from '../../core/index.ts'

/** One node at a time of each redundancy group. Several writes of the same node are one. */
export class GroupSlots {
  readonly #held = new Map<string, Map<NodeId, number>>()

  /** A group in which another node is being written; undefined where there is none. */
  takenBesides(groups: readonly string[], node: NodeId): string | undefined {
    return groups.find((group) => {
      const held = this.#held.get(group)
      return held !== undefined && (held.size > 1 || !held.has(node))
    })
  }

  take(groups: readonly string[], node: NodeId): void {
    for (const group of groups) {
      const held = this.#held.get(group) ?? new Map<NodeId, number>()
      held.set(node, (held.get(node) ?? 0) + 1)
      this.#held.set(group, held)
    }
  }

  release(groups: readonly string[], node: NodeId): void {
    for (const group of groups) {
      const held = this.#held.get(group)
      const left = (held?.get(node) ?? 1) - 1
      if (left > 0) held?.set(node, left)
      else held?.delete(node)
      if (held?.size === 0) this.#held.delete(group)
    }
  }
}
