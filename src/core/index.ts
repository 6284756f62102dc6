export type { Brand } from './brand.ts'
export type { Cancel, Clock } from './clock.ts'
export { ERROR_CODES, type ErrorCode, type ErrorCodeInfo, type ErrorKind } from './error-codes.ts'
export {
  cancelledError,
  type ErrorBody,
  type ErrorDetails,
  type ErrorOptions,
  fromUnknown,
  hasCode,
  isMeshSwarmError,
  MeshSwarmError,
  meshSwarmError,
  throwIfCancelled,
  toErrorBody,
} from './errors.ts'
export { Channel, type ChannelOptions } from './events.ts'
export { EVIDENCE_CHANNELS, Evidence, type EvidenceChannel, type EvidenceOptions } from './evidence.ts'
export { BinaryHeap } from './heap.ts'
export {
  type AgentId,
  agentId,
  type ChangeId,
  changeId,
  type EventId,
  eventId,
  type HypothesisId,
  hypothesisId,
  type IdSource,
  type IncidentId,
  incidentId,
  type LinkId,
  linkId,
  type NodeId,
  nodeId,
  randomIds,
  type StepId,
  type SwarmId,
  sequentialIds,
  stepId,
  swarmId,
  type TaskId,
  taskId,
} from './ids.ts'
export { onAbort } from './on-abort.ts'
export { printable } from './printable.ts'
export { entropySeed, type Random, seededRandom } from './random.ts'
export { RealClock } from './real-clock.ts'
export { attempt, err, ok, type Result } from './result.ts'
export { type Cleanup, Scope, type ScopeOptions } from './scope.ts'
export {
  BernoulliSprt,
  type BernoulliSprtOptions,
  Cusum,
  type CusumOptions,
  type SprtDecision,
} from './sequential.ts'
export { SlidingMoments, SlidingOrder } from './sliding.ts'
export {
  type CensoredSummary,
  type CensoredValue,
  censoredSummary,
  chebyshevBound,
  type Interval,
  mean,
  median,
  medianAbsoluteDeviation,
  percentile,
  wilsonInterval,
} from './stats.ts'
export { type AttachedProcess, VirtualClock, type VirtualClockOptions } from './virtual-clock.ts'
