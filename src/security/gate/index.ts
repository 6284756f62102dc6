export {
  AuthorityGate,
  type AuthorityGateComponents,
  type AuthorityGateOptions,
} from './authority-gate.ts'
export { enrol, isEnrolled } from './enrolment.ts'
export type { GateDecision } from './gate-decision.ts'
export { NodeAuthority } from './node-authority.ts'
export type { GivenSettings, NodeSettings } from './node-settings.ts'
export { SwarmAuthority, type SwarmAuthorityOptions } from './swarm-authority.ts'
export { type Command, type CommandComponents, type CommandOptions, takeCommand } from './take-command.ts'
