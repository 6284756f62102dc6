import { type Clock, type MeshSwarmError, meshSwarmError, type NodeId } from '../../core/index.ts'
import { GroupSlots } from './group-slots.ts'
import { NodeWindow } from './node-window.ts'
import { RateWindow } from './rate-window.ts'
import type { BudgetName, LimitedRequest, LineageLimit, PastWrite, Reservation } from './request.ts'

export interface LimitsComponents {
  readonly clock: Pick<Clock, 'now'>
  /** How many nodes the mesh has. Asked each time, as meshes grow and shrink. */
  readonly meshSize: () => number
  /** The redundancy groups of a node: those that stand in for each other. */
  readonly groupsOf: (node: NodeId) => readonly string[]
}

export interface LimitsOptions {
  /** Of the network's budget; that of a token has its own. Default ten minutes. */
  readonly windowMs?: number
  /** Share of the mesh's nodes that may be written in any window, by all together. Default 0.05. */
  readonly networkShare?: number
  /** Nodes that may be, however small that share is. Default 1. */
  readonly networkLeast?: number
  /** Tokens whose use is remembered at once. Default 10,000. */
  readonly maxTokens?: number
}

export const DEFAULT_LIMITS_OPTIONS: Required<LimitsOptions> = Object.freeze({
  windowMs: 10 * 60_000,
  networkShare: 0.05,
  networkLeast: 1,
  maxTokens: 10_000,
})

interface Written {
  readonly node: NodeId
  readonly at: number
}

interface TokenUse {
  readonly rate: RateWindow
  readonly nodes: NodeWindow
}

/**
 * Rate and blast budgets that spawning does not widen: a request draws on the budget of every ancestor of its token,
 * and on that of the network. All are checked and drawn at once, or none is.
 */
export class AuthorityLimits {
  readonly #components: LimitsComponents
  readonly #options: Required<LimitsOptions>
  readonly #uses = new Map<string, TokenUse>()
  /** Writes of before a restart, of tokens that have not been seen since: how long they count, only the token says. */
  readonly #past = new Map<string, Written[]>()
  readonly #network: NodeWindow
  readonly #groups = new GroupSlots()

  constructor(components: LimitsComponents, options: LimitsOptions = {}) {
    const whole = { ...DEFAULT_LIMITS_OPTIONS, ...options }
    const { windowMs, networkShare, networkLeast, maxTokens } = whole
    const least = Number.isSafeInteger(networkLeast) && networkLeast >= 1
    if (!(windowMs > 0 && networkShare > 0 && networkShare <= 1 && least && maxTokens >= 1)) {
      throw meshSwarmError(
        'INVALID_CONFIGURATION',
        'Limits take a window, a share of (0, 1], one node at least and some tokens.',
        { details: whole },
      )
    }
    this.#components = components
    this.#options = whole
    this.#network = new NodeWindow(windowMs)
  }

  /** Different nodes of the mesh that count as written. */
  get networkUsed(): number {
    return this.#network.count(this.#components.clock.now())
  }

  /** How many may, as large as the mesh is now. */
  get networkLimit(): number {
    const { networkShare, networkLeast } = this.#options
    return Math.max(networkLeast, Math.floor(networkShare * this.#components.meshSize()))
  }

  /**
   * Counts writes of before a restart again, each for what is left of its windows. For the start, before the first
   * request; whatever `maxTokens` says, nothing of it is left out.
   */
  remember(past: readonly PastWrite[]): void {
    const now = this.#components.clock.now()
    for (const { lineage, node, at } of past.toSorted((a, b) => a.at - b.at)) {
      // A clock that was put back must not make a write of the future of it, which would count for longer than any.
      const written = { node, at: Math.min(at, now) }
      this.#network.remember(node, written.at)
      for (const id of lineage) {
        const use = this.#uses.get(id)
        if (use) recall(use, written)
        else if (this.#past.get(id)?.push(written) === undefined) this.#past.set(id, [written])
      }
    }
  }

  /**
   * Draws on every budget that the request touches. Throws RATE_LIMITED or BUDGET_EXCEEDED (`details`: which budget, and
   * whose), INSUFFICIENT_RESOURCES where no further token can be remembered, INVALID_INPUT for no lineage; nothing is drawn then.
   */
  reserve(request: LimitedRequest): Reservation {
    const now = this.#components.clock.now()
    const { lineage, node, operation } = request
    if (lineage.length === 0) throw meshSwarmError('INVALID_INPUT', 'A request has the lineage of its token.')
    for (const limit of lineage) if (this.#past.has(limit.id)) this.#useOf(limit)
    if (operation !== 'undo') this.#makeRoom(lineage, now)
    const groups = operation === 'read' ? [] : this.#components.groupsOf(node)
    const refused = operation === 'undo' ? undefined : this.#refusal(request, groups, now)
    if (refused) throw refused
    const uses = lineage.map((limit) => this.#useOf(limit))
    for (const { rate } of uses) rate.take(now)
    const windows = operation === 'read' ? [] : [this.#network, ...uses.map(({ nodes }) => nodes)]
    for (const window of windows) window.begin(node)
    this.#groups.take(groups, node)
    let open = true
    const close = (settle: () => void) => {
      if (!open) return
      open = false
      this.#groups.release(groups, node)
      settle()
    }
    return {
      end: () =>
        close(() => {
          for (const window of windows) window.end(node, this.#components.clock.now())
        }),
      cancel: () =>
        close(() => {
          for (const { rate } of uses) rate.giveBack(now)
          for (const window of windows) window.cancel(node)
        }),
    }
  }

  #refusal(
    { lineage, node, operation, approved = false }: LimitedRequest,
    groups: readonly string[],
    now: number,
  ): MeshSwarmError | undefined {
    for (const limit of lineage) {
      const use = this.#uses.get(limit.id)
      const rate = use?.rate.count(now) ?? 0
      if (rate >= limit.ratePerMinute)
        return exceeded('rate', limit.id, rate, limit.ratePerMinute, use?.rate.freeInMs(now))
      if (operation === 'read') continue
      const written = use?.nodes.count(now) ?? 0
      if (!use?.nodes.has(node) && written >= limit.blastNodes)
        return exceeded('blast', limit.id, written, limit.blastNodes, use?.nodes.freeInMs(now))
    }
    if (operation === 'read') return undefined
    const written = this.#network.count(now)
    const most = this.networkLimit
    if (!approved && !this.#network.has(node) && written >= most)
      return exceeded('network', 'the network', written, most, this.#network.freeInMs(now))
    const taken = this.#groups.takenBesides(groups, node)
    return taken === undefined ? undefined : exceeded('group', taken, 1, 1, undefined)
  }

  #useOf({ id, windowMs }: LineageLimit): TokenUse {
    const known = this.#uses.get(id)
    if (known) return known
    const use = { rate: new RateWindow(), nodes: new NodeWindow(windowMs) }
    for (const written of this.#past.get(id) ?? []) recall(use, written)
    this.#past.delete(id)
    this.#uses.set(id, use)
    return use
  }

  /** Forgets tokens of which nothing counts any more, where the room is needed. */
  #makeRoom(lineage: readonly LineageLimit[], now: number): void {
    const { maxTokens } = this.#options
    const more = lineage.filter(({ id }) => !this.#uses.has(id)).length
    if (more === 0 || this.#uses.size + more <= maxTokens) return
    for (const [id, { rate, nodes }] of this.#uses) {
      if (rate.count(now) === 0 && nodes.count(now) === 0) this.#uses.delete(id)
    }
    if (this.#uses.size + more > maxTokens) {
      throw meshSwarmError(
        'INSUFFICIENT_RESOURCES',
        `${this.#uses.size} tokens are in use, and no more fit.`,
        { details: { maxTokens } },
      )
    }
  }
}

function recall({ rate, nodes }: TokenUse, { node, at }: Written): void {
  rate.take(at)
  nodes.remember(node, at)
}

function exceeded(
  budget: BudgetName,
  subject: string,
  used: number,
  limit: number,
  retryAfterMs: number | undefined,
): MeshSwarmError {
  const code = budget === 'rate' ? 'RATE_LIMITED' : 'BUDGET_EXCEEDED'
  const what = {
    rate: `made ${used} requests within a minute`,
    blast: `has written ${used} nodes`,
    network: `has ${used} nodes written`,
    group: 'has another node being written',
  }[budget]
  return meshSwarmError(code, `The budget ${budget} is used up: ${subject} ${what}.`, {
    details: { budget, subject, used, limit },
    retryAfterMs,
  })
}
