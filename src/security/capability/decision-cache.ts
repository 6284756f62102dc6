import type { Capability } from './engine.ts'

/** Capabilities that were judged and may do one thing, least recently used first. Denials are not kept. */
export class DecisionCache {
  readonly #capacity: number
  readonly #entries = new Map<string, Capability>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#entries.size
  }

  /** Undefined where it is not known, or has expired. */
  get(key: string, now: number): Capability | undefined {
    const found = this.#entries.get(key)
    if (!found) return undefined
    this.#entries.delete(key)
    if (now >= untilOf(found)) return undefined
    this.#entries.set(key, found)
    return found
  }

  set(key: string, capability: Capability): void {
    this.#entries.delete(key)
    this.#entries.set(key, capability)
    const [oldest] = this.#entries.keys()
    if (this.#entries.size > this.#capacity && oldest !== undefined) this.#entries.delete(oldest)
  }

  /** Everything that descends from one of these blocks. */
  drop(revoked: ReadonlySet<string>): void {
    for (const [key, { lineage }] of this.#entries) {
      if (lineage.some(({ id }) => revoked.has(id))) this.#entries.delete(key)
    }
  }
}

export function untilOf({ lineage }: Capability): number {
  return (lineage.at(-1) ?? lineage[0]).scope.until
}
