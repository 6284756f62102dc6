import { type Clock, type MeshSwarmError, meshSwarmError, type NodeId } from '../../core/index.ts'
import { GroupSlots } from './group-slots.ts'
import { NodeWindow } from './node-window.ts'
import { RateWindow } from './rate-window.ts'
import type { BudgetName, LimitedRequest, LineageLimit, Reservation } from './request.ts'

export interface LimitsComponents {
  readonly clock: Pick<Clock, 'now'>
  /** How many nodes the mesh has. Asked each time, as meshes grow and shrink. */
  readonly meshSize: () => number
  /** The redundancy groups of a node: those that stand in for each other. */
  readonly groupsOf: (node: NodeId) => readonly string[]
}

export interface LimitsOptions {
  /** Of all blast budgets. Default ten minutes. */
  readonly windowMs?: number
  /** Share of the mesh's nodes that may be written in any window, by all together; one node at least. Default 0.05. */
  readonly networkShare?: number
  /** Tokens whose use is remembered at once. Default 10,000. */
  readonly maxTokens?: number
}

export const DEFAULT_LIMITS_OPTIONS: Required<LimitsOptions> = Object.freeze({
  windowMs: 10 * 60_000,
  networkShare: 0.05,
  maxTokens: 10_000,
})

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
  readonly #windowMs: number
  readonly #networkShare: number
  readonly #maxTokens: number
  readonly #uses = new Map<string, TokenUse>()
  readonly #network: NodeWindow
  readonly #groups = new GroupSlots()

  constructor(components: LimitsComponents, options: LimitsOptions = {}) {
    const { windowMs, networkShare, maxTokens } = { ...DEFAULT_LIMITS_OPTIONS, ...options }
    if (!(windowMs > 0 && networkShare > 0 && networkShare <= 1 && maxTokens >= 1)) {
      throw meshSwarmError(
        'INVALID_CONFIGURATION',
        'Limits take a window, a share of (0, 1] and some tokens.',
        {
          details: { windowMs, networkShare, maxTokens },
        },
      )
    }
    this.#components = components
    this.#windowMs = windowMs
    this.#networkShare = networkShare
    this.#maxTokens = maxTokens
    this.#network = new NodeWindow(windowMs)
  }

  /** Different nodes of the mesh that count as written. */
  get networkUsed(): number {
    return this.#network.count(this.#components.clock.now())
  }

  /**
   * Draws on every budget that the request touches. Throws RATE_LIMITED or BUDGET_EXCEEDED (`details`: which budget, and
   * whose), INSUFFICIENT_RESOURCES where no further token can be remembered, INVALID_INPUT for no lineage; nothing is drawn then.
   */
  reserve(request: LimitedRequest): Reservation {
    const now = this.#components.clock.now()
    const { lineage, node, operation } = request
    if (lineage.length === 0) throw meshSwarmError('INVALID_INPUT', 'A request has the lineage of its token.')
    if (operation !== 'undo') this.#makeRoom(lineage, now)
    const groups = operation === 'read' ? [] : this.#components.groupsOf(node)
    const refused = operation === 'undo' ? undefined : this.#refusal(request, groups, now)
    if (refused) throw refused
    const uses = lineage.map(({ id }) => this.#useOf(id))
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
    { lineage, node, operation }: LimitedRequest,
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
    const most = Math.max(1, Math.floor(this.#networkShare * this.#components.meshSize()))
    if (!this.#network.has(node) && written >= most)
      return exceeded('network', 'the network', written, most, this.#network.freeInMs(now))
    const taken = this.#groups.takenBesides(groups, node)
    return taken === undefined ? undefined : exceeded('group', taken, 1, 1, undefined)
  }

  #useOf(id: string): TokenUse {
    const known = this.#uses.get(id)
    if (known) return known
    const use = { rate: new RateWindow(), nodes: new NodeWindow(this.#windowMs) }
    this.#uses.set(id, use)
    return use
  }

  /** Forgets tokens of which nothing counts any more, where the room is needed. */
  #makeRoom(lineage: readonly LineageLimit[], now: number): void {
    const more = lineage.filter(({ id }) => !this.#uses.has(id)).length
    if (more === 0 || this.#uses.size + more <= this.#maxTokens) return
    for (const [id, { rate, nodes }] of this.#uses) {
      if (rate.count(now) === 0 && nodes.count(now) === 0) this.#uses.delete(id)
    }
    if (this.#uses.size + more > this.#maxTokens) {
      throw meshSwarmError(
        'INSUFFICIENT_RESOURCES',
        `${this.#uses.size} tokens are in use, and no more fit.`,
        {
          details: { maxTokens: this.#maxTokens },
        },
      )
    }
  }
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
