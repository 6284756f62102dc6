import type { Clock, Random } from '../../core/index.ts'
import type { SwarmBackend } from '../backends/swarm-backend.ts'
import type { RetryOptions } from '../retry.ts'
import type { Tool } from './tool.ts'

export interface StepWorkerComponents {
  readonly backend: SwarmBackend
  readonly clock: Clock
  /** For the jitter of retries. */
  readonly random: Random
  readonly tools: ReadonlyMap<string, Tool>
}

export interface StepWorkerOptions extends RetryOptions {
  /** Who did it, in the results. */
  readonly name: string
  /** How many steps at a time. */
  readonly slots: number
  /** The kind of steps. Default `any`. */
  readonly queue?: string
  /** Silent for so long, a worker counts as dead. Default 5 s. */
  readonly leaseMs?: number
}
