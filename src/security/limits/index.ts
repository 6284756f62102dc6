export {
  AuthorityLimits,
  DEFAULT_LIMITS_OPTIONS,
  type LimitsComponents,
  type LimitsOptions,
} from './authority-limits.ts'
export type { BudgetName, LimitedRequest, LineageLimit, PastWrite, Reservation } from './request.ts'
