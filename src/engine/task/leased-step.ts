import { attempt, hasCode, type MeshSwarmError, meshSwarmError } from '../../core/index.ts'
import { withinTrace } from '../../telemetry/index.ts'
import type { Json } from '../backends/json.ts'
import type { Lease } from '../backends/swarm-backend.ts'
import { Pulse } from '../pulse.ts'
import { retryDelayMs } from '../retry.ts'
import type { Worker } from '../worker.ts'
import { AttemptWatch } from './attempt-watch.ts'
import { attach, type StoredBlob } from './blob-ref.ts'
import { type Amounts, amountsOf, covers, Ledger, RESOURCES } from './budget.ts'
import type { StepWorkerComponents, StepWorkerOptions } from './step-worker-options.ts'
import { isShort, storable, storableError } from './storable.ts'
import { type AttemptTimes, asJson, attemptKey, type StoredAttempt, type StoredResult } from './task-event.ts'
import { type StepInput, type StepSpec, stepSpecs } from './task-spec.ts'
import { cancelSubject, storeLarge, type TaskWork, taskWork } from './task-work.ts'
import type { Tool, ToolCall } from './tool.ts'

/** As it is stored. */
interface Brought {
  readonly value: Json
  readonly blob?: StoredBlob
}

/** One step that this worker has: it keeps it until it is done, or given back. */
export class LeasedStep {
  readonly #components: StepWorkerComponents
  readonly #options: StepWorkerOptions & { readonly leaseMs: number }
  readonly #work: TaskWork
  readonly #stop = new AbortController()
  readonly #added: StepSpec[] = []
  /** What this attempt has spent, once it has. */
  #purse: Ledger | undefined
  readonly #pulse: Pulse | undefined
  readonly #watch: AttemptWatch
  #lease: Lease
  #cancelBeat: () => void = () => undefined
  #ended = false
  /** Its task was cancelled, or it is another worker's by now: nothing of it is to be stored. */
  #lost = false
  #worker = ''
  /** When a worker began. */
  #startedAt: number | undefined
  #endedAt = 0
  #store: () => Promise<unknown> = async () => undefined

  constructor(
    components: StepWorkerComponents,
    options: StepWorkerOptions & { readonly leaseMs: number },
    lease: Lease,
  ) {
    this.#components = components
    this.#options = options
    this.#lease = lease
    this.#work = taskWork(lease.payload)
    this.#watch = new AttemptWatch(components, lease, this.#work)
    const { idleMs } = this.#work
    this.#pulse = idleMs === undefined ? undefined : new Pulse(components, { idleMs })
    this.#beatLater()
  }

  get tookMs(): number {
    return this.#endedAt - (this.#startedAt ?? this.#endedAt)
  }

  cancelled(subject: string): void {
    if (cancelSubject(this.#lease.swarm) !== subject) return
    this.#lose(meshSwarmError('CANCELLED', `The task ${this.#lease.swarm} was cancelled.`))
  }

  /** Stops it; what it was at is for the next worker. */
  interrupt(reason: unknown): void {
    this.#stop.abort(reason)
  }

  /** Has it done by the next free worker. Rejects where the backend, or every worker, is out of reach. */
  async run(): Promise<void> {
    const { backend, clock } = this.#components
    const { swarm, step, attempt: number } = this.#lease
    // A worker before this one may have stored its result and died before it said that it was done.
    const known = number > 1 && (await backend.results.get(swarm, step)) !== undefined
    const outcome = known ? undefined : await attempt(() => this.#byWorker())
    this.#endedAt = clock.now()
    this.#ended = true
    this.#cancelBeat()
    if (outcome) {
      const interrupted = this.#lost || (!outcome.ok && this.#stop.signal.aborted)
      this.#watch.end(outcome, { tookMs: this.tookMs, interrupted })
    }
    if (this.#lost) return
    if (!outcome) this.#store = () => backend.work.done(this.#lease)
    else if (outcome.ok)
      this.#store = () =>
        this.#finish({ ...this.#times(), state: 'succeeded', ...outcome.value, add: this.#added })
    else if (this.#stop.signal.aborted) this.#store = () => this.#giveBack(outcome.error)
    else if (this.#startedAt === undefined) {
      await backend.work.release(this.#lease)
      throw outcome.error
    } else this.#store = () => this.#failed(outcome.error)
  }

  /** What came of it, or that it was given back. */
  async store(): Promise<void> {
    await this.#store()
  }

  async #byWorker(): Promise<Brought> {
    const { backend, pool, clock, tools, upstreams } = this.#components
    const { timeoutMs, tool, trace } = this.#work
    const upstream = tools.get(tool)?.upstream
    const permit =
      upstream === undefined ? undefined : await upstreams.limit(upstream).enter(this.#stop.signal)
    const run = (worker: Worker, signal: AbortSignal) => {
      this.#worker = worker.id
      this.#startedAt = clock.now()
      permit?.begin()
      return this.#watch.begin(worker.id, () => this.#call(signal))
    }
    const limits = { timeoutMs, pulse: this.#pulse }
    const outcome = await attempt(() =>
      withinTrace(trace?.parent, () => pool.run({}, { ...limits, run }, this.#stop.signal)),
    )
    permit?.end(outcome.ok ? undefined : outcome.error)
    if (upstream !== undefined) this.#watch.called(upstream)
    if (!outcome.ok) throw outcome.error
    if (isShort(outcome.value)) return { value: outcome.value }
    const { value, text } = storable(outcome.value)
    const blob = await storeLarge(backend.blobs, this.#lease.swarm, text)
    return blob ? { value: null, blob } : { value }
  }

  async #call(signal: AbortSignal): Promise<Json> {
    const { swarm, step, attempt, interrupted } = this.#lease
    const { tool: name, task, idempotent, budget, retries } = this.#work
    // Nothing was set aside for more attempts than these: one that was interrupted may have spent its all.
    const paid = RESOURCES.find((resource) => (budget[resource] ?? 0) > 0)
    const tool = this.#components.tools.get(name)
    if (!tool) throw meshSwarmError('INVALID_INPUT', `Worker ${this.#options.name} has no tool ${name}.`)
    if (paid && !tool.resumes && attempt > retries + 1) {
      const text = `Step ${step} was begun ${attempt - 1} times, and its budget is for no more.`
      throw meshSwarmError('BUDGET_EXCEEDED', text, { details: { budget: paid } })
    }
    const add = (steps: readonly StepInput[]) => void this.#added.push(...stepSpecs(steps))
    const spend = (amounts: Amounts) => {
      this.#purse ??= new Ledger(amountsOf(budget))
      this.#purse.take(amounts)
    }
    const refund = (amounts: Amounts) => {
      if (!covers(this.#spent(), amounts))
        throw meshSwarmError('INVALID_INPUT', `Step ${step} gives back what it has not spent.`)
      this.#purse?.settle(amounts, {})
    }
    const { input: json, blobs } = this.#work
    const input = blobs ? await attach(this.#components.backend.blobs, swarm, { json, blobs }) : json
    const key = `${swarm}/${step}`
    const alive = () => this.#pulse?.beat()
    const call: ToolCall = { swarm, step, attempt, input, task, key, budget, alive, spend, refund, add }
    const again = idempotent ?? tool.idempotent ?? false
    const before = interrupted && !again ? await reconcile(tool, call, signal) : undefined
    return before?.done ? before.value : tool.run(call, signal)
  }

  async #failed(error: MeshSwarmError): Promise<void> {
    const { clock, random } = this.#components
    const { attempt: number } = this.#lease
    if (!error.retryable || number > this.#work.retries) {
      await this.#finish({ ...this.#times(), state: 'failed', ...storableError(error) })
      return
    }
    const inMs = retryDelayMs(number, error, random, this.#options)
    await this.#giveBack(error, clock.now() + inMs)
  }

  /** For another attempt. What this one has cost is not forgotten. */
  async #giveBack(error: MeshSwarmError, notBefore?: number): Promise<void> {
    const { results, work } = this.#components.backend
    const { swarm, step } = this.#lease
    const released = () => work.release(this.#lease, notBefore)
    if (this.#startedAt === undefined) return void (await released())
    const stored: StoredAttempt = { ...this.#times(), state: 'retried', step, ...storableError(error) }
    await Promise.all([results.put(swarm, attemptKey(stored), asJson(stored)), released()])
  }

  async #finish(result: StoredResult): Promise<void> {
    const { results, work } = this.#components.backend
    const { swarm, step } = this.#lease
    // In this order, and in one commit where the backend can.
    await Promise.all([results.put(swarm, step, asJson(result)), work.done(this.#lease)])
  }

  #times(): AttemptTimes & { readonly inAll?: true } {
    const { attempt: number } = this.#lease
    const endedAt = this.#endedAt
    const startedAt = this.#startedAt ?? endedAt
    const inAll = this.#components.tools.get(this.#work.tool)?.resumes === true
    const times = { worker: this.#worker, attempt: number, startedAt, endedAt, spent: this.#spent() }
    return inAll ? { ...times, inAll } : times
  }

  #spent(): Amounts {
    return this.#purse?.reserved ?? {}
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
      if (hasCode(error, 'CONFLICT') && !this.#ended) this.#lose(error)
    }
    if (!this.#lost) this.#beatLater()
  }

  #lose(reason: unknown): void {
    this.#lost = true
    this.#stop.abort(reason)
  }
}

async function reconcile(tool: Tool, call: ToolCall, signal: AbortSignal) {
  if (tool.reconcile) return tool.reconcile(call, signal)
  const text = `Step ${call.step} was interrupted in attempt ${call.attempt - 1}, and nobody knows how far it came.`
  throw meshSwarmError('IN_DOUBT', text, { details: { swarm: call.swarm, step: call.step } })
}
