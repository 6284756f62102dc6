import { attempt, hasCode, type MeshSwarmError, meshSwarmError } from '../../core/index.ts'
import type { Json } from '../backends/json.ts'
import type { Lease } from '../backends/swarm-backend.ts'
import { retryDelayMs } from '../retry.ts'
import { supervise } from '../supervise.ts'
import { type Amounts, Ledger, overspent } from './budget.ts'
import type { StepWorkerComponents, StepWorkerOptions } from './step-worker-options.ts'
import { asJson, type StepTimes, type StoredResult } from './task-event.ts'
import { type StepInput, type StepSpec, stepSpecs } from './task-spec.ts'
import { cancelSubject, type TaskWork, taskWork } from './task-work.ts'
import type { Tool, ToolCall } from './tool.ts'

/** One step that this worker has: it keeps it until it is done, or given back. */
export class LeasedStep {
  readonly #components: StepWorkerComponents
  readonly #options: Required<Pick<StepWorkerOptions, 'leaseMs'>> & StepWorkerOptions
  readonly #work: TaskWork
  readonly #stop = new AbortController()
  readonly #added: StepSpec[] = []
  readonly #purse: Ledger
  #lease: Lease
  #cancelBeat: () => void = () => undefined
  #ended = false

  constructor(
    components: StepWorkerComponents,
    options: Required<Pick<StepWorkerOptions, 'leaseMs'>> & StepWorkerOptions,
    lease: Lease,
  ) {
    this.#components = components
    this.#options = options
    this.#lease = lease
    this.#work = taskWork(lease.payload)
    this.#purse = new Ledger(this.#work.budget)
    this.#beatLater()
  }

  /** Its task was cancelled, or it is another worker's by now: nothing of it is to be stored. */
  get lost(): boolean {
    return this.#stop.signal.aborted
  }

  cancelled(subject: string): void {
    if (cancelSubject(this.#lease.swarm) !== subject) return
    this.#stop.abort(meshSwarmError('CANCELLED', `The task ${this.#lease.swarm} was cancelled.`))
  }

  /** For the next worker, at once. */
  async giveBack(): Promise<void> {
    this.#end()
    if (!this.lost) await this.#components.backend.work.release(this.#lease)
  }

  /** Does it, and gives what is then to be stored. Rejects where the backend is out of reach. */
  async run(worker: string, signal: AbortSignal): Promise<() => Promise<unknown>> {
    const { backend, clock } = this.#components
    const { swarm, step, attempt: number } = this.#lease
    const nothing = async () => undefined
    if (this.lost) return nothing
    // A worker before this one may have stored its result and died before it said that it was done.
    const known = number > 1 && (await backend.results.get(swarm, step)) !== undefined
    const startedAt = clock.now()
    const outcome = known ? undefined : await attempt(() => this.#call([signal, this.#stop.signal]))
    this.#end()
    if (!outcome) return () => backend.work.done(this.#lease)
    const { reserved: spent } = this.#purse
    const times: StepTimes = { worker, attempt: number, startedAt, endedAt: clock.now(), spent }
    if (outcome.ok)
      return () => this.#store({ ...times, state: 'succeeded', value: outcome.value, add: this.#added })
    if (this.lost) return nothing
    if (signal.aborted) return () => this.giveBack()
    return () => this.#failed(outcome.error, times)
  }

  async #call(signals: readonly AbortSignal[]): Promise<Json> {
    const { swarm, step, attempt, interrupted } = this.#lease
    const { tool: name, input, timeoutMs, idempotent, budget, retries } = this.#work
    // Nothing was set aside for more attempts than these: one that was interrupted may have spent its all.
    const paid = Object.values(budget).some((amount = 0) => amount > 0)
    if (paid && attempt > retries + 1)
      throw meshSwarmError(
        'BUDGET_EXCEEDED',
        `Step ${step} was begun ${attempt - 1} times, and its budget is for no more.`,
      )
    const tool = this.#components.tools.get(name)
    if (!tool) throw meshSwarmError('INVALID_INPUT', `Worker ${this.#options.name} has no tool ${name}.`)
    const add = (steps: readonly StepInput[]) => void this.#added.push(...stepSpecs(steps))
    const spend = (amounts: Amounts) => {
      if (!this.#purse.reserve(amounts)) throw overspent(amounts, budget)
    }
    const call: ToolCall = { swarm, step, attempt, input, key: `${swarm}/${step}`, spend, add }
    const work = async (signal: AbortSignal) => {
      const again = idempotent ?? tool.idempotent ?? false
      const before = interrupted && !again ? await reconcile(tool, call, signal) : undefined
      return before?.done ? before.value : await tool.run(call, signal)
    }
    return (await supervise(work, { timeoutMs }, this.#components.clock, signals).result) ?? null
  }

  async #failed(error: MeshSwarmError, times: StepTimes): Promise<void> {
    const { backend, clock, random } = this.#components
    if (!error.retryable || times.attempt > this.#work.retries) {
      await this.#store({ ...times, state: 'failed', code: error.code, message: error.message })
      return
    }
    const inMs = retryDelayMs(times.attempt, error, random, this.#options)
    await backend.work.release(this.#lease, clock.now() + inMs)
  }

  async #store(result: StoredResult): Promise<void> {
    const { results, work } = this.#components.backend
    const { swarm, step } = this.#lease
    // In this order, and in one commit where the backend can.
    await Promise.all([results.put(swarm, step, asJson(result)), work.done(this.#lease)])
  }

  #beatLater(): void {
    if (this.#ended) return
    this.#cancelBeat = this.#components.clock.after(this.#options.leaseMs / 3, () => void this.#beat())
  }

  async #beat(): Promise<void> {
    try {
      this.#lease = await this.#components.backend.work.extend(this.#lease, this.#options.leaseMs)
    } catch (error) {
      // Any other failure may pass; if it does not, the lease runs out.
      if (hasCode(error, 'CONFLICT') && !this.#ended) this.#stop.abort(error)
    }
    if (!this.lost) this.#beatLater()
  }

  #end(): void {
    this.#ended = true
    this.#cancelBeat()
  }
}

async function reconcile(tool: Tool, call: ToolCall, signal: AbortSignal) {
  if (tool.reconcile) return tool.reconcile(call, signal)
  const text = `Step ${call.step} was interrupted in attempt ${call.attempt - 1}, and nobody knows how far it came.`
  throw meshSwarmError('IN_DOUBT', text, { details: { swarm: call.swarm, step: call.step } })
}
