export { AdaptiveLimit, type AdaptiveLimitOptions, type Permit } from './adaptive-limit.ts'
export {
  EmbeddedBackend,
  type EmbeddedComponents,
  type EmbeddedOptions,
} from './backends/embedded/embedded-backend.ts'
export type { Json } from './backends/json.ts'
export {
  type Address,
  type DeadLetter,
  type DeathReason,
  type Mail,
  type MailboxStatus,
  type MailOptions,
  type MailReader,
  type Message,
  MOST_BODY,
  MOST_TOPICS,
  type StoredLetter,
  type TakenLetter,
} from './backends/mail.ts'
export type {
  BlobStore,
  BusMessage,
  KeyValue,
  KeyValueChange,
  KeyValueEntry,
  KeyValueOptions,
  Lease,
  LeaseRequest,
  MessageBus,
  PlanEntry,
  PlanLog,
  ResultEntry,
  ResultStore,
  SwarmBackend,
  WorkItem,
  WorkQueue,
} from './backends/swarm-backend.ts'
export type { EngineEvent, JournaledError, JournaledStep } from './engine-event.ts'
export type { GraphReport, RunOutcome, StepResult, StepSpan } from './graph-report.ts'
export type { RunComponents, RunOptions } from './graph-run.ts'
export { hireSlots } from './hire-slots.ts'
export { runGraph } from './run-graph.ts'
export { MAX_STEPS, type Step, type StepContext, type StepGraph, stepGraph } from './step-graph.ts'
export { canMove, type FinalStepState, isFinal, STEP_TRANSITIONS, type StepState } from './step-state.ts'
export { DEFAULT_GRACE_MS, type Supervised, supervise, type Work, type WorkLimits } from './supervise.ts'
export { BlobRef, type Value } from './task/blob-ref.ts'
export type { Amounts, Resource } from './task/budget.ts'
export type { TaskRunnerComponents } from './task/cancel-task.ts'
export { type DoTaskComponents, doTask } from './task/do-task.ts'
export { StepWorker } from './task/step-worker.ts'
export type { StepPool, StepWorkerComponents, StepWorkerOptions } from './task/step-worker-options.ts'
export { type Hired, type SubAgentComponents, withSubAgents } from './task/sub-agents.ts'
export { subTask } from './task/sub-task.ts'
export type { OnResult } from './task/task-lead.ts'
export { TASK_TRANSITIONS, type TaskLife } from './task/task-life.ts'
export { type LeadOptions, TaskRunner, type TaskRunnerOptions } from './task/task-runner.ts'
export {
  type StepInput,
  type StepSpec,
  SUB_AGENTS,
  stepSpecs,
  subTaskOf,
  type TaskInput,
  type TaskSpec,
  taskSpec,
} from './task/task-spec.ts'
export type { TaskReport, TaskStatus } from './task/task-state.ts'
export { taskQueue } from './task/task-work.ts'
export type { Reconciled, Tool, ToolCall } from './task/tool.ts'
export { machineTools } from './tools/index.ts'
export { Threads, type ThreadToolOptions } from './tools/threads.ts'
export { Upstreams } from './upstreams.ts'
export { Slot, slots, type Worker, type WorkTask } from './worker.ts'
export { MAX_WORKERS, WorkerPool, type WorkRequest } from './worker-pool.ts'
