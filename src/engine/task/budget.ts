import { meshSwarmError } from '../../core/index.ts'

/**
 * What can be spent, beside time. `actions` change the mesh; `usd` is money; `agents` and `steps` are those of sub-agents.
 */
export const RESOURCES = ['tokens', 'usd', 'actions', 'agents', 'steps'] as const
/** What BUDGET_EXCEEDED may name as `budget` in its details. */
export const BUDGETS = [...RESOURCES, 'wallMs', 'depth'] as const
export type Resource = (typeof RESOURCES)[number]
export type Amounts = { readonly [Name in Resource]?: number | undefined }

/** Every resource, 0 where it was left out. */
export function amountsOf(amounts: Amounts): Readonly<Record<Resource, number>> {
  return scaled(amounts, 1)
}

export function scaled(amounts: Amounts, factor: number): Readonly<Record<Resource, number>> {
  const { tokens = 0, usd = 0, actions = 0, agents = 0, steps = 0 } = amounts
  return {
    tokens: tokens * factor,
    usd: usd * factor,
    actions: actions * factor,
    agents: agents * factor,
    steps: steps * factor,
  }
}

/**
 * What a task may spend. A step has its most reserved before it starts, and gives back what it did not need: what is
 * spent and what is reserved are never more than the limit, whatever the order.
 */
export class Ledger {
  readonly #limits: Amounts
  readonly #spent = new Map<Resource, number>()
  readonly #reserved = new Map<Resource, number>()

  /** A resource without a limit is free. */
  constructor(limits: Amounts) {
    this.#limits = limits
  }

  get spent(): Amounts {
    return Object.fromEntries(this.#spent)
  }

  get reserved(): Amounts {
    return Object.fromEntries(this.#reserved)
  }

  /**
   * Reserves all of it, or nothing: false where it has to wait for what others may give back. Throws BUDGET_EXCEEDED
   * where that cannot help, INVALID_INPUT for less than nothing.
   */
  reserve(wanted: Amounts): boolean {
    if (isNothing(wanted)) return true
    for (const [resource, amount] of entries(wanted)) {
      if (!(amount >= 0)) throw meshSwarmError('INVALID_INPUT', `${amount} ${resource} cannot be spent.`)
      const spent = this.#spent.get(resource) ?? 0
      const limit = this.#limit(resource)
      if (plus(spent, amount) > limit) throw budgetExceeded(resource, limit, spent, amount)
    }
    const fits = entries(wanted).every(([resource, amount]) => {
      const taken = plus(this.#spent.get(resource) ?? 0, this.#reserved.get(resource) ?? 0)
      return plus(taken, amount) <= this.#limit(resource)
    })
    if (!fits) return false
    for (const [resource, amount] of entries(wanted)) add(this.#reserved, resource, amount)
    return true
  }

  /** As `reserve`, for whom waiting is of no use: throws BUDGET_EXCEEDED where it does not fit now. */
  take(wanted: Amounts): void {
    if (this.reserve(wanted)) return
    for (const [resource, amount] of entries(wanted)) {
      const taken = plus(this.#spent.get(resource) ?? 0, this.#reserved.get(resource) ?? 0)
      const limit = this.#limit(resource)
      if (plus(taken, amount) > limit) throw budgetExceeded(resource, limit, taken, amount)
    }
  }

  /** Gives back what was reserved, and counts what was spent of it. */
  settle(reserved: Amounts, spent: Amounts): void {
    if (isNothing(reserved) && isNothing(spent)) return
    for (const [resource, amount] of entries(reserved)) add(this.#reserved, resource, -amount)
    for (const [resource, amount] of entries(spent)) add(this.#spent, resource, amount)
  }

  #limit(resource: Resource): number {
    return this.#limits[resource] ?? Number.POSITIVE_INFINITY
  }
}

export function budgetExceeded(
  resource: (typeof BUDGETS)[number],
  limit: number,
  spent: number,
  wanted: number,
): Error {
  const text = `${wanted} ${resource} more are too many: ${spent} of ${limit} are spent.`
  return meshSwarmError('BUDGET_EXCEEDED', text, { details: { budget: resource, limit, spent, wanted } })
}

/** Whether there is no more of anything in the part. */
export function covers(whole: Amounts, part: Amounts): boolean {
  return entries(part).every(([resource, amount]) => amount >= 0 && amount <= (whole[resource] ?? 0))
}

function entries(amounts: Amounts): readonly (readonly [Resource, number])[] {
  return RESOURCES.map((resource) => [resource, amounts[resource] ?? 0] as const)
}

function add(map: Map<Resource, number>, resource: Resource, amount: number): void {
  map.set(resource, plus(map.get(resource) ?? 0, amount))
}

/** To a millionth: ten cents thrice are thirty cents. */
function plus(a: number, b: number): number {
  return Math.round((a + b) * 1e6) / 1e6
}

function isNothing(amounts: Amounts): boolean {
  for (const resource of RESOURCES) if ((amounts[resource] ?? 0) !== 0) return false
  return true
}
