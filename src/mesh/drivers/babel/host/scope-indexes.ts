import { networkInterfaces } from 'node:os'
import { runIn } from './exec.ts'

/** Far above the indexes of any node's interfaces. */
const PEERS = 1_000_000

/**
 * Node names the scope of a link-local sender by an interface of the namespace that this process lives in, and
 * drops the packet without a word where no interface has that index. A process that holds sockets of other
 * namespaces therefore lives in a namespace of its own, with a placeholder for every index that may come in.
 */
export class ScopeIndexes {
  readonly #own: boolean
  readonly #known = new Set<number>()
  #turn: Promise<void> = Promise.resolve()

  /** `own`: this process has a namespace to itself. Elsewhere nothing is ever changed. */
  constructor(own: boolean) {
    this.#own = own
  }

  /** Makes placeholders for the indexes that are new. Rejects with UNAVAILABLE where the system refuses one. */
  ensure(indexes: readonly number[]): Promise<void> {
    if (!this.#own) return Promise.resolve()
    this.#turn = this.#turn.catch(() => undefined).then(() => this.#make(indexes))
    return this.#turn
  }

  async #make(indexes: readonly number[]): Promise<void> {
    for (const addresses of Object.values(networkInterfaces())) {
      for (const { scopeid } of addresses ?? []) if (scopeid) this.#known.add(scopeid)
    }
    for (const index of indexes) {
      if (index <= 1 || this.#known.has(index)) continue
      // A pair, because a kernel that has these meshes has veth, and not every one has dummy.
      const peer = ['peer', 'name', `peer${index}`, 'index', String(PEERS + index)]
      await runIn({}, [
        'ip',
        'link',
        'add',
        'name',
        `scope${index}`,
        'index',
        String(index),
        'type',
        'veth',
        ...peer,
      ])
      this.#known.add(index)
    }
  }
}
