import { agentId, meshSwarmError } from '../core/index.ts'
import { MAX_WORKERS } from '../engine/index.ts'
import type { AgentKind, AgentOptions } from './agent.ts'

/** Of any ten agents in a row, four watch, and every kind is there twice as soon as there are nine. */
const MIX: readonly AgentKind[] = [
  'monitor',
  'executor',
  'analyst',
  'verifier',
  'planner',
  'monitor',
  'verifier',
  'monitor',
  'executor',
  'monitor',
]

/** `count` agents of mixed kinds: `monitor-1`, `executor-1` … Throws SWARM_LIMIT_EXCEEDED unless 1 to 100. */
export function mixedCrew(count: number): AgentOptions[] {
  checkAgentCount(count)
  const counts = new Map<AgentKind, number>()
  return Array.from({ length: count }, (_, i) => {
    const kind = MIX[i % MIX.length] ?? 'monitor'
    const number = (counts.get(kind) ?? 0) + 1
    counts.set(kind, number)
    return { agentId: agentId(`${kind}-${number}`), kind }
  })
}

export function checkAgentCount(count: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= MAX_WORKERS) return
  throw meshSwarmError('SWARM_LIMIT_EXCEEDED', `A swarm has 1 to ${MAX_WORKERS} agents, not ${count}.`, {
    details: { agents: count, limit: MAX_WORKERS },
  })
}
