import type { RatioTestOptions } from './ratio-test.ts'

/** What each test counts. Two rates each: that of honest agents, with a margin, and that of an attack. */
export const ORACLE_TESTS = {
  /** Of the different nodes that were asked for: those outside the capability. */
  'out-of-scope': { honest: 0.02, hostile: 0.3 },
  /** Of the different nodes to be written: those that the token's own blast budget refused. */
  'own-budget': { honest: 0.01, hostile: 0.5 },
  /** Of the different nodes that were written: those that the agent had not looked at just before. */
  'fan-out': { honest: 0.2, hostile: 0.8 },
  /** Of the nodes refused as out of scope below an ancestor: those just after another agent's. */
  synchronised: { honest: 0.15, hostile: 0.7 },
  /** Of the agents that are new below an ancestor: those just after another one was refused; a refusal explains one of them. */
  churn: { honest: 0.15, hostile: 0.8 },
  /** Of the uses of a token: those without the holder's key. */
  theft: { honest: 0.02, hostile: 0.3 },
} as const satisfies Readonly<Record<string, RatioTestOptions>>

export type OracleTest = keyof typeof ORACLE_TESTS

export interface OracleOptions {
  /** Log-likelihood ratio (nats) at which a test is in alarm. Default 18: e^-18 is one in 65 million. */
  readonly evidence?: number
  /** The same against a token with all that comes from it. Honest agents of one team err together. Default 32. */
  readonly lineageEvidence?: number
  /** Of the evidence, what is enough against an agent while there is an alert. Default 0.7. */
  readonly alertShare?: number
  /** So many suspensions within `alertMs` are an alert, as are agents that overstep at the same time. Default 3. */
  readonly alertAfter?: number
  /** How long an alert lasts. Default one hour. */
  readonly alertMs?: number
  /** A node that is refused counts once within it. Default two hours. */
  readonly refusedMs?: number
  /** A node that is reached counts once within it. Default one minute. */
  readonly reachedMs?: number
  /** Two refusals with fewer decisions between them are synchronised. Default 10. */
  readonly synchronisedWithin?: number
  /** An agent that is new within so many decisions after a refusal follows on it. Default 30. */
  readonly churnWithin?: number
  /** What one agent adds at the most to that of which an ancestor is suspected. Default 3. */
  readonly perAgent?: number
  /** Agents and tokens that are watched at once; the longest unseen make room. Default 10,000. */
  readonly maxSubjects?: number
  /** Nodes and agents that are remembered of each. Default 2000. */
  readonly maxRemembered?: number
  /**
   * Whether it is told who looks at which node. Where it is not, writes on nodes that nobody looked at say nothing.
   * Default true.
   */
  readonly looksAreTold?: boolean
  /** Tokens that only a person suspends, as that of the organisation: a finding about them is an alarm alone. */
  readonly neverSuspend?: readonly string[]
}

export const DEFAULT_ORACLE_OPTIONS: Required<OracleOptions> = Object.freeze({
  evidence: 18,
  lineageEvidence: 32,
  alertShare: 0.7,
  alertAfter: 3,
  alertMs: 3_600_000,
  refusedMs: 2 * 3_600_000,
  reachedMs: 60_000,
  synchronisedWithin: 10,
  churnWithin: 30,
  perAgent: 3,
  maxSubjects: 10_000,
  maxRemembered: 2000,
  looksAreTold: true,
  neverSuspend: [],
})
