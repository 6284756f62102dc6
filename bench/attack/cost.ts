import { agentId, nodeId, seededRandom, sequentialIds } from '../../src/core/index.ts'
import { AntiMeaveOracle, type AuthorityDecision, AuthorityLimits } from '../../src/security/index.ts'
import { collectGarbage } from '../collect-garbage.ts'
import { type BenchRow, rowOf } from '../report.ts'

const AGENTS = 1000
const NODES = 1000
const ROUNDS = 10

/** What the oracle and the limits cost for each decision, and whether they grow: rounds of decisions about new agents. */
export function costRows(decisions: number): readonly BenchRow[] {
  const clock = { at: 0, now: () => clock.at }
  const oracle = new AntiMeaveOracle({ ids: sequentialIds(), onVerdict: () => {} }, { maxSubjects: AGENTS })
  const limits = new AuthorityLimits(
    { clock, meshSize: () => NODES, groupsOf: () => [] },
    { maxTokens: 2 * AGENTS },
  )
  const random = seededRandom('cost')
  const [observeUs, reserveUs, heapMb]: [number[], number[], number[]] = [[], [], []]
  for (let round = 0; round <= ROUNDS; round++) {
    const made = Array.from({ length: decisions / ROUNDS }, (_, index): AuthorityDecision => {
      const agent = `a-${round}-${random.int(AGENTS)}`
      const isOutside = random.chance(0.005)
      return {
        at: clock.at + index * 10,
        agent: agentId(agent),
        lineage: ['root', `t-${agent.slice(-1)}`, `t-${agent}`],
        operation: 'read',
        action: 'inspect',
        node: nodeId(`n${random.int(NODES)}`),
        allowed: !isOutside,
        reason: isOutside ? 'out-of-scope' : 'allowed',
      }
    })
    const observed = cpuUs(() => {
      for (const decision of made) oracle.observe(decision)
    })
    const reserved = cpuUs(() => {
      for (const { at, lineage, node } of made) {
        clock.at = at
        const budgets = lineage.map((id) => ({
          id,
          ratePerMinute: 1e6,
          blastNodes: NODES,
          windowMs: 600_000,
        }))
        limits.reserve({ lineage: budgets, node, operation: 'read' }).end()
      }
    })
    // The first round is the warm-up.
    if (round === 0) continue
    observeUs.push(observed / made.length)
    reserveUs.push(reserved / made.length)
    made.length = 0
    heapMb.push(collectGarbage() / 1e6)
  }
  const row = (metric: string, values: readonly number[]) =>
    rowOf({ case: `${decisions} decisions`, subject: 'three ancestors', metric }, values)
  return [
    row('oracle us of CPU', observeUs),
    row('limits us of CPU', reserveUs),
    row('heap MB, first round', heapMb.slice(0, 1)),
    row('heap MB, last round', heapMb.slice(-1)),
  ]
}

function cpuUs(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}
