import type { AgentId, NodeId } from '../../core/index.ts'
import { ORACLE_TESTS, type OracleOptions, type OracleTest } from './options.ts'
import { RatioTest } from './ratio-test.ts'
import { RecentSet } from './recent-set.ts'

/** Everything that the oracle remembers of one agent, or of one token and all that comes from it. */
export class Subject {
  /** `agent monitor-7`, `token t-12`. */
  readonly name: string
  readonly reached: RecentSet<NodeId>
  readonly refused: RecentSet<NodeId>
  readonly spent: RecentSet<NodeId>
  /** Who acted under it. */
  readonly agents: RecentSet<AgentId>
  /** Who was refused as out of scope. */
  readonly overstepped: RecentSet<AgentId>
  /** How often each agent has added to the evidence since it began to mount. */
  readonly #suspects = new Map<AgentId, number>()
  readonly #tests: { [Name in OracleTest]?: RatioTest } = {}
  readonly #evidence: number
  readonly #maxRemembered: number
  /** How many about those under it. */
  decisions = 0
  /** The last refusal as out of scope, and whose. */
  lastRefused: { readonly decision: number; readonly agent: AgentId; followed: boolean } | undefined
  /** No alarm about it before. */
  quietUntil = Number.NEGATIVE_INFINITY

  constructor(name: string, { refusedMs, reachedMs, maxRemembered, evidence }: Required<OracleOptions>) {
    this.name = name
    this.#evidence = evidence
    this.#maxRemembered = maxRemembered
    this.reached = new RecentSet(reachedMs, maxRemembered)
    this.refused = new RecentSet(refusedMs, maxRemembered)
    this.spent = new RecentSet(refusedMs, maxRemembered)
    this.overstepped = new RecentSet(refusedMs, maxRemembered)
    this.agents = new RecentSet(refusedMs, maxRemembered)
  }

  test(name: OracleTest): RatioTest {
    this.#tests[name] ??= new RatioTest(ORACLE_TESTS[name], this.#evidence)
    return this.#tests[name]
  }

  /** True where the agent has not yet added `most` times since the evidence began to mount. */
  suspect(agent: AgentId, most: number): boolean {
    if (this.test('out-of-scope').evidence === 0) this.#suspects.clear()
    const times = this.#suspects.get(agent) ?? 0
    if (times >= most) return false
    if (times > 0 || this.#suspects.size < this.#maxRemembered) this.#suspects.set(agent, times + 1)
    return true
  }

  /** Forgets all evidence, and not what was seen. */
  clear(): void {
    for (const test of Object.values(this.#tests)) test.reset()
    this.#suspects.clear()
  }
}
