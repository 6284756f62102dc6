import type { Clock, Random } from '../../core/index.ts'
import type { Metrics } from '../../telemetry/index.ts'
import type { SwarmBackend } from '../backends/swarm-backend.ts'
import type { RetryOptions } from '../retry.ts'
import type { Upstreams } from '../upstreams.ts'
import type { Worker } from '../worker.ts'
import type { WorkerPool } from '../worker-pool.ts'
import type { Tool } from './tool.ts'

export interface StepWorkerComponents {
  readonly backend: SwarmBackend
  readonly clock: Clock
  /** For the jitter of retries. */
  readonly random: Random
  readonly tools: ReadonlyMap<string, Tool>
  /** One for all workers of the process. */
  readonly upstreams: Upstreams
  /** Who does the steps: each one at a time. It may grow and shrink meanwhile. */
  readonly pool: StepPool
  readonly metrics?: Metrics | undefined
}

/** A pool of workers of whatever kind. */
export type StepPool = Pick<WorkerPool<Worker>, 'capacity' | 'onCapacity' | 'run'>

export interface StepWorkerOptions extends RetryOptions {
  /** Who asks for steps, for people. */
  readonly name: string
  /** Which steps: `taskQueue` of a task, or the `queue` that steps name. */
  readonly queue: string
  /** Silent for so long, a worker counts as dead. Default 5 s. */
  readonly leaseMs?: number
}
