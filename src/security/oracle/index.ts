export { AntiMeaveOracle, type OracleComponents } from './anti-meave-oracle.ts'
export type { AuthorityDecision, AuthorityReason } from './authority-decision.ts'
export { DEFAULT_ORACLE_OPTIONS, ORACLE_TESTS, type OracleOptions, type OracleTest } from './options.ts'
export type { Suspends, Verdict } from './verdict.ts'
