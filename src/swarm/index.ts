export {
  AGENT_KINDS,
  Agent,
  type AgentComponents,
  type AgentKind,
  type AgentOptions,
  type AgentStatus,
  type AgentTask,
} from './agent.ts'
export type { AgentPolicy } from './agent-policy.ts'
export { AGENT_TRANSITIONS, type AgentState, canBecome } from './agent-state.ts'
export { mixedCrew } from './crew.ts'
export type { Letter, LossReason, LostLetter, RequestOptions, SendOptions } from './letter.ts'
export { Mailbox, type MailboxComponents, type MailboxOptions } from './mailbox.ts'
export { PostOffice } from './post-office.ts'
export { share } from './share.ts'
export {
  type FanOutRequest,
  Swarm,
  type SwarmComponents,
  type SwarmOptions,
  type SwarmStatistics,
} from './swarm.ts'
export {
  type CoordinateOptions,
  type CreateSwarm,
  SwarmOrchestrator,
  type SwarmOrchestratorComponents,
  type SwarmOrchestratorOptions,
} from './swarm-orchestrator.ts'
export { SWARM_TRANSITIONS, type SwarmState } from './swarm-state.ts'
