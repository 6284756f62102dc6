/**
 * `paused`: takes no task. `error`: a task ignored its cancel and still runs; the agent is idle again when it
 * ends. `terminating`: the last task is being stopped.
 */
export type AgentState =
  | 'initializing'
  | 'idle'
  | 'active'
  | 'paused'
  | 'error'
  | 'terminating'
  | 'terminated'

/** Where an agent may go from each state. Nothing leads back from `terminated`. */
export const AGENT_TRANSITIONS: Readonly<Record<AgentState, readonly AgentState[]>> = Object.freeze({
  initializing: ['idle', 'terminating'],
  idle: ['active', 'paused', 'terminating'],
  active: ['idle', 'paused', 'error', 'terminating'],
  paused: ['idle', 'terminating'],
  error: ['idle', 'paused', 'terminating'],
  terminating: ['terminated'],
  terminated: [],
})

export function canBecome(from: AgentState, to: AgentState): boolean {
  return AGENT_TRANSITIONS[from].includes(to)
}
