import { DEFAULT_GRACE_MS, type WorkLimits } from '../engine/index.ts'

/** What an agent keeps to, whatever its tasks say: it may be stricter than they are, and never looser. */
export interface AgentPolicy {
  /** No task takes longer with it. */
  readonly timeoutMs?: number
  /** No task goes on for longer after it was stopped, before the agent gives it up. */
  readonly graceMs?: number
}

const NO_LIMIT = Number.POSITIVE_INFINITY

/** The stricter of both, each by itself. */
export function limitsUnder(policy: AgentPolicy, limits: WorkLimits): WorkLimits {
  const { timeoutMs = NO_LIMIT, graceMs = DEFAULT_GRACE_MS, pulse } = limits
  const longest = Math.min(timeoutMs, policy.timeoutMs ?? NO_LIMIT)
  return {
    timeoutMs: longest === NO_LIMIT ? undefined : longest,
    graceMs: Math.min(graceMs, policy.graceMs ?? NO_LIMIT),
    pulse,
  }
}
