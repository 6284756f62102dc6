import type { NodeId } from '../../../core/index.ts'
import type { TableChange } from './node-table.ts'
import { INFINITY } from './parser.ts'

/** Counts who announces the address of which node, by every table, so that a stranger is seen at its first line. */
export class Announcements {
  readonly #owners: ReadonlyMap<string, NodeId>
  readonly #counts = new Map<string, number>()
  readonly #onFirst: (victim: NodeId, originator: string) => void

  /** `owners`: node by host prefix. `onFirst`: a pair of victim and originator is announced for the first time. */
  constructor(owners: ReadonlyMap<string, NodeId>, onFirst: (victim: NodeId, originator: string) => void) {
    this.#owners = owners
    this.#onFirst = onFirst
  }

  /** `own`: the router id of the daemon that said it, which is the originator of its own routes. */
  observe(change: TableChange, own: string | undefined): void {
    if (change.kind === 'route') {
      const { before, after } = change
      const was = before && before.metric < INFINITY ? before : undefined
      const is = after && after.metric < INFINITY ? after : undefined
      if (was?.prefix === is?.prefix && was?.routerId === is?.routerId) return
      if (is) this.#count(is.prefix, is.routerId, 1)
      if (was) this.#count(was.prefix, was.routerId, -1)
    } else if (change.kind === 'xroute' && own !== undefined) {
      if (change.before?.prefix === change.after?.prefix) return
      if (change.after) this.#count(change.after.prefix, own, 1)
      // Told again each time a daemon begins: of the time before there may be routes that have not expired yet.
      const victim = change.after && this.#owners.get(change.after.prefix)
      if (victim !== undefined && !this.#isFirst(victim, own)) this.#onFirst(victim, own)
      if (change.before) this.#count(change.before.prefix, own, -1)
    }
  }

  announced(victim: NodeId, originator: string): boolean {
    return (this.#counts.get(`${victim} ${originator}`) ?? 0) > 0
  }

  #isFirst(victim: NodeId, originator: string): boolean {
    return this.#counts.get(`${victim} ${originator}`) === 1
  }

  #count(prefix: string, originator: string, by: 1 | -1): void {
    const victim = this.#owners.get(prefix)
    if (victim === undefined) return
    const key = `${victim} ${originator}`
    const count = (this.#counts.get(key) ?? 0) + by
    if (count <= 0) this.#counts.delete(key)
    else this.#counts.set(key, count)
    if (by === 1 && count === 1) this.#onFirst(victim, originator)
  }
}
