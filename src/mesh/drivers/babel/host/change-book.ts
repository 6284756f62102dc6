import {
  type Cancel,
  type ChangeId,
  type Clock,
  hasCode,
  meshSwarmError,
  throwIfCancelled,
} from '../../../../core/index.ts'
import type { MeshAction } from '../../../action.ts'
import type { AppliedChange, ApplyOptions } from '../../../driver.ts'
import type { Ledger, LedgerEntry } from './ledger.ts'
import { type NodePlace, placeExists } from './node-place.ts'
import { type ActionPlan, planAction } from './plan.ts'
import { doSteps, type StepTools } from './step.ts'

/** Beside what the caller says: who answers for the change. */
export interface BookOptions extends ApplyOptions {
  /** As `Admission.lineage`. */
  readonly lineage: readonly string[]
}

const RETRY_MS = 1000
const RETRIES = 10

/**
 * Commit-confirm on this machine's nodes. A change is on the books before the node is touched; a timer undoes it
 * unless it is confirmed. One change at a time on a node. The same id twice is one change.
 */
export class ChangeBook {
  readonly #tools: StepTools
  readonly #clock: Clock
  readonly #ledger: Ledger
  readonly #timers = new Map<ChangeId, Cancel>()
  readonly #locks = new Map<string, Promise<unknown>>()
  readonly #applying = new Map<ChangeId, Promise<AppliedChange>>()
  #busy = 0

  constructor(tools: StepTools, ledger: Ledger) {
    this.#tools = tools
    this.#clock = tools.clock
    this.#ledger = ledger
  }

  /** Whether anything may still have to be undone: the host stays for it. */
  get idle(): boolean {
    return this.#timers.size === 0 && this.#busy === 0
  }

  /**
   * Takes up what an earlier host left: what is overdue, or was in the middle of its application, is undone now,
   * the rest gets its timer back.
   */
  recover(): void {
    for (const entry of this.#ledger.entries()) {
      if (entry.state === 'pending') this.#arm(entry)
      else if (entry.state === 'applying' || entry.state === 'rollback-failed')
        this.#undoLater(entry, 0, RETRIES)
    }
  }

  changes(): readonly AppliedChange[] {
    return this.#ledger.entries().map(publicView)
  }

  /** As `MeshDriver.apply`. An abort while it is under way undoes what was done before it rejects. */
  apply(
    action: MeshAction,
    place: NodePlace,
    options: BookOptions,
    signal?: AbortSignal,
  ): Promise<AppliedChange> {
    const underWay = this.#applying.get(options.id)
    if (underWay) return underWay
    const existing = this.#ledger.get(options.id)
    // Of a mesh that is gone, one of the same names may be there by now: its changes are not this one's.
    const isSame = existing && existing.state !== 'applying' && existing.place.identity === place.identity
    if (isSame) return Promise.resolve(publicView(existing))
    const work = this.#locked(place.node, () => this.#apply(action, place, options, signal))
    this.#applying.set(options.id, work)
    const forget = () => this.#applying.delete(options.id)
    work.then(forget, forget)
    return work
  }

  /** Throws CHANGE_NOT_FOUND for a stranger. */
  actionOf(id: ChangeId): MeshAction {
    return this.#entry(id).action
  }

  confirm(id: ChangeId): Promise<AppliedChange> {
    const { place } = this.#entry(id)
    return this.#locked(place.node, async () => {
      const entry = this.#entry(id)
      if (entry.state === 'confirmed') return publicView(entry)
      if (entry.state !== 'pending') {
        throw meshSwarmError(
          'CONFLICT',
          `The change ${id} is ${entry.state}: it cannot be confirmed any more.`,
          {
            details: { id, state: entry.state },
          },
        )
      }
      this.#disarm(id)
      return publicView(this.#ledger.write({ ...entry, state: 'confirmed' }))
    })
  }

  /** As `MeshDriver.rollback`. Where the node refuses three times the change comes back `rollback-failed`. */
  rollback(id: ChangeId): Promise<AppliedChange> {
    const { place } = this.#entry(id)
    return this.#locked(place.node, async () => {
      for (let attempt = 1; ; attempt++) {
        const change = await this.#undo(id, attempt >= 3)
        if (change) return change
        await this.#clock.sleep(200)
      }
    })
  }

  /** Stops the timers. What is pending stays on the books for the next host. */
  stop(): void {
    for (const id of [...this.#timers.keys()]) this.#disarm(id)
  }

  async #apply(
    action: MeshAction,
    place: NodePlace,
    options: BookOptions,
    signal: AbortSignal | undefined,
  ): Promise<AppliedChange> {
    throwIfCancelled(signal, 'The change')
    const plan = await planAction(action, place, this.#withdrawn(action))
    throwIfCancelled(signal, 'The change')
    const startedAt = this.#clock.now()
    const entry: LedgerEntry = this.#ledger.write({
      ...{
        id: options.id,
        action,
        reason: options.reason,
        state: 'applying',
        place,
        lineage: options.lineage,
      },
      ...{ appliedAt: startedAt, confirmBy: startedAt + options.confirmWithinMs, undo: [...plan.undo] },
    })
    await this.#doOrUndo(entry, plan, signal)
    const appliedAt = this.#clock.now()
    const confirmBy = appliedAt + options.confirmWithinMs
    const pending = this.#ledger.write({ ...entry, state: 'pending', appliedAt, confirmBy })
    this.#arm(pending)
    return publicView(pending)
  }

  async #doOrUndo(entry: LedgerEntry, plan: ActionPlan, signal: AbortSignal | undefined): Promise<void> {
    try {
      await doSteps(this.#tools, entry.place, plan.apply)
      throwIfCancelled(signal, 'The change')
    } catch (error) {
      try {
        await doSteps(this.#tools, entry.place, plan.undo)
        this.#ledger.write({ ...entry, state: 'failed' })
      } catch {
        this.#undoLater(entry, RETRY_MS, RETRIES)
      }
      throw error
    }
  }

  /** The steps that a withdrawal of the same prefix on the same node kept. */
  #withdrawn(action: MeshAction): LedgerEntry['undo'] | undefined {
    if (action.kind !== 'announce-prefix') return undefined
    return this.#ledger
      .entries()
      .findLast(
        (entry) =>
          entry.action.kind === 'withdraw-prefix' &&
          entry.action.node === action.node &&
          entry.action.prefix === action.prefix,
      )?.undo
  }

  #arm(entry: LedgerEntry): void {
    this.#undoLater(entry, entry.confirmBy - this.#clock.now(), RETRIES)
  }

  #undoLater(entry: LedgerEntry, ms: number, retries: number): void {
    this.#disarm(entry.id)
    const fire = async () => {
      this.#timers.delete(entry.id)
      const done = await this.#locked(entry.place.node, () => this.#undo(entry.id, retries <= 1))
      if (!done) this.#undoLater(entry, RETRY_MS, retries - 1)
    }
    this.#timers.set(
      entry.id,
      this.#clock.after(ms, () => void fire()),
    )
  }

  #disarm(id: ChangeId): void {
    this.#timers.get(id)?.()
    this.#timers.delete(id)
  }

  /** Undefined where the undo failed and is to be tried again. */
  async #undo(id: ChangeId, last: boolean): Promise<AppliedChange | undefined> {
    const entry = this.#ledger.get(id)
    if (!entry) return undefined
    if (entry.state === 'rolled-back') return publicView(entry)
    this.#disarm(id)
    try {
      if (placeExists(entry.place)) await doSteps(this.#tools, entry.place, entry.undo)
    } catch (error) {
      if (!last && !hasCode(error, 'ACTION_UNSUPPORTED')) return undefined
      return publicView(this.#ledger.write({ ...entry, state: 'rollback-failed' }))
    }
    return publicView(this.#ledger.write({ ...entry, state: 'rolled-back' }))
  }

  #entry(id: ChangeId): LedgerEntry {
    const entry = this.#ledger.get(id)
    if (entry) return entry
    throw meshSwarmError('CHANGE_NOT_FOUND', `No change ${id} is on the books.`, { details: { id } })
  }

  async #locked<T>(node: string, work: () => Promise<T>): Promise<T> {
    const before = this.#locks.get(node) ?? Promise.resolve()
    this.#busy++
    const mine = before.then(work, work)
    this.#locks.set(node, mine)
    try {
      return await mine
    } finally {
      this.#busy--
      if (this.#locks.get(node) === mine) this.#locks.delete(node)
    }
  }
}

function publicView({ id, action, state, appliedAt, confirmBy, reason }: LedgerEntry): AppliedChange {
  const shown = state === 'applying' || state === 'failed' ? 'pending' : state
  return { id, action, state: shown, appliedAt, confirmBy, reason }
}
