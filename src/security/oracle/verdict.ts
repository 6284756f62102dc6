import type { AgentId, IncidentId } from '../../core/index.ts'
import { ORACLE_TESTS, type OracleTest } from './options.ts'
import type { RatioFigures } from './ratio-test.ts'

/** Who may act no longer: an agent alone, all that comes from a token, or nobody (an alarm for a person). */
export type Suspends = 'agent' | 'lineage' | 'nobody'

/** A finding of the oracle, in the shape of an incident. Frozen. */
export interface Verdict {
  readonly id: IncidentId
  readonly title: string
  /** The agent or the token that it is about. */
  readonly subject: string
  readonly suspends: Suspends
  /** Whom it suspends, as `agent …` and `token …`: the agent with what comes from its token, or a lineage. */
  readonly suspended: readonly string[]
  readonly test: OracleTest
  /** Who acted. Of a stolen token: whose it is, which is not who used it. */
  readonly agents: readonly AgentId[]
  readonly openedAt: number
  /** When the evidence began to mount. */
  readonly onset: number
  readonly evidence: readonly { readonly text: string; readonly weight: number }[]
  readonly figures: RatioFigures & { readonly threshold: number }
}

const WORDS: Readonly<Record<OracleTest, readonly [title: string, counted: string]>> = Object.freeze({
  'out-of-scope': ['asks for what no capability of it covers', 'different nodes asked for were out of scope'],
  'own-budget': ['tries to write more than its budget', 'different nodes to write were over its own budget'],
  'fan-out': ['writes nodes that it never looked at', 'different nodes written were not looked at before'],
  synchronised: ['has agents that overstep at the same time', "refusals came just after another agent's"],
  churn: ['makes new agents when others are refused', 'new agents came just after a refusal'],
  theft: [
    "is a token that is used without its holder's key",
    'uses of the token were not signed by its holder',
  ],
})

export function verdictOf(
  what: Pick<Verdict, 'id' | 'subject' | 'suspends' | 'suspended' | 'test' | 'agents' | 'openedAt'>,
  figures: RatioFigures,
  threshold: number,
): Verdict {
  const [title, counted] = WORDS[what.test]
  const { honest, hostile } = ORACLE_TESTS[what.test]
  const share = `${figures.successes} of ${figures.trials} ${counted}`
  const shares = `shares of ${hostile} and ${honest}`
  const test = `sequential test between ${shares}: ${figures.evidence.toFixed(1)} nats, limit ${threshold}`
  return Object.freeze({
    ...what,
    title: `${what.subject} ${title}`,
    onset: figures.since,
    evidence: [{ text: `${share}; ${test}`, weight: Math.exp(figures.evidence) }],
    figures: { ...figures, threshold },
  })
}
