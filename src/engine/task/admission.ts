import { type Amounts, Ledger, scaled } from './budget.ts'
import type { StepRecord } from './step-record.ts'
import type { StoredResult } from './task-event.ts'
import { reservationOf } from './task-spec.ts'

/**
 * Who is ready gets what it may spend set aside, first come, first served; then it can be begun. Part of the fold: it
 * goes on after each result and not when somebody asks, so that whoever folds the same has granted the same.
 */
export class Admission {
  readonly #ledger: Ledger
  readonly #waiting: StepRecord[] = []
  #granted: StepRecord[] = []

  constructor(budget: Amounts) {
    this.#ledger = new Ledger(budget)
  }

  get spent(): Amounts {
    return this.#ledger.spent
  }

  /** Steps that are there, and those that sub-agents have had, or may yet have. */
  get steps(): number {
    const { spent, reserved } = this.#ledger
    return (spent.steps ?? 0) + (reserved.steps ?? 0)
  }

  /** So many steps are there now. */
  count(steps: number): void {
    this.#ledger.settle({}, { steps })
  }

  enter(record: StepRecord): void {
    this.#waiting.push(record)
  }

  /** Calls `refuse` for those that no giving back could help. */
  grant(refuse: (record: StepRecord, error: unknown) => void): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      try {
        if (!this.#ledger.reserve(reservationOf(next.spec))) return
        next.granted = true
        this.#granted.push(next)
      } catch (error) {
        refuse(next, error)
      }
      this.#waiting.shift()
    }
  }

  /** Those that were granted since the last call and have no result yet. */
  takeGranted(): readonly StepRecord[] {
    const granted = this.#granted.filter(({ result }) => !result)
    this.#granted = []
    return granted
  }

  /** Gives back what the step did not need. */
  settle({ spec, granted, attempts }: StepRecord, { spent, attempt, inAll }: StoredResult): void {
    this.#ledger.settle(granted ? reservationOf(spec) : {}, spent)
    if (inAll) return
    for (const before of attempts) this.#ledger.settle({}, before.spent)
    // What an attempt that was interrupted has spent nobody knows: at most its all. None was begun without a budget.
    const begun = Math.min(attempt - 1, spec.retries + 1)
    this.#ledger.settle({}, scaled(spec.budget, Math.max(0, begun - attempts.length)))
  }
}
