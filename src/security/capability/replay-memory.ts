import type { Clock } from '../../core/index.ts'

export interface ReplayMemoryOptions {
  /** How long what was seen is remembered: as long as it would be believed. */
  readonly keepMs: number
  /** Of one root token and all that descend from it, so that no lineage can fill the memory of the others. */
  readonly capacity: number
}

interface Seen {
  readonly root: string
  readonly until: number
}

/** Which requests have been accepted, until they are too old to be accepted again. */
export class ReplayMemory {
  readonly #clock: Clock
  readonly #options: ReplayMemoryOptions
  readonly #underWay = new Set<string>()
  /** Oldest first. */
  readonly #seen = new Map<string, Seen>()
  readonly #ofRoot = new Map<string, number>()

  constructor({ clock }: { readonly clock: Clock }, options: ReplayMemoryOptions) {
    this.#clock = clock
    this.#options = options
  }

  get size(): number {
    return this.#seen.size
  }

  /** False where the request was accepted, or is being judged. Otherwise it is, until `end`. */
  begin(request: string): boolean {
    this.#forget()
    if (this.#underWay.has(request) || this.#seen.has(request)) return false
    this.#underWay.add(request)
    return true
  }

  end(request: string): void {
    this.#underWay.delete(request)
  }

  /** Remembers it. False, and nothing is remembered, where the root has as many as it may. */
  accept(root: string, request: string): boolean {
    const { keepMs, capacity } = this.#options
    const count = this.#ofRoot.get(root) ?? 0
    if (count >= capacity) return false
    this.#ofRoot.set(root, count + 1)
    this.#seen.set(request, { root, until: this.#clock.now() + keepMs })
    return true
  }

  #forget(): void {
    const now = this.#clock.now()
    for (const [request, { root, until }] of this.#seen) {
      if (until >= now) return
      this.#seen.delete(request)
      const left = (this.#ofRoot.get(root) ?? 1) - 1
      if (left > 0) this.#ofRoot.set(root, left)
      else this.#ofRoot.delete(root)
    }
  }
}
