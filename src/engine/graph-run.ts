import {
  attempt,
  type Clock,
  cancelledError,
  fromUnknown,
  type MeshSwarmError,
  type Random,
  type StepId,
  type TaskId,
  taskId,
} from '../core/index.ts'
import type { EngineEvent, JournaledError, JournaledStep } from './engine-event.ts'
import { type GraphReport, graphReport } from './graph-report.ts'
import { type RetryOptions, retryDelayMs } from './retry.ts'
import { type AttemptHost, StepAttempt } from './step-attempt.ts'
import { checkStepCount, MAX_STEPS, type Step, type StepGraph, sortSteps } from './step-graph.ts'
import { StepRun } from './step-run.ts'
import { type FinalStepState, isFinal } from './step-state.ts'
import type { Worker } from './worker.ts'
import type { WorkerPool } from './worker-pool.ts'

export interface RunComponents<W extends Worker> {
  readonly clock: Clock
  readonly pool: WorkerPool<W>
  /** For the jitter of retries. */
  readonly random: Random
  /** Gets each event before its consequences: a step runs when its start is durable. */
  readonly journal?: { append(event: EngineEvent): Promise<unknown> }
}

export interface RunOptions extends RetryOptions {
  /** Names the run in the journal. */
  readonly runId?: TaskId
  /** The most unfinished steps, added ones included. Default, and at most, 1500. */
  readonly maxSteps?: number
}

/** One run of one graph; used once. See `runGraph`. */
export class GraphRun<W extends Worker> {
  readonly #components: RunComponents<W>
  readonly #options: RunOptions
  readonly #runId: TaskId
  readonly #steps = new Map<StepId, StepRun<W>>()
  readonly #controller = new AbortController()
  readonly #done = Promise.withResolvers<void>()
  readonly #host: AttemptHost<W> = {
    recordStart: (step, attempt, worker) =>
      this.#record({ kind: 'step-started', run: this.#runId, step, attempt, worker }),
    resultOf: (id) => this.#steps.get(id)?.value,
    accept: (steps) => this.#promise(steps),
    sort: (steps) => sortSteps(steps, new Set(this.#steps.keys())),
  }
  /** Steps that have not ended. */
  #unfinished = 0
  /** Steps that running ones have added, to exist when those succeed. */
  #promised = 0
  #broken: MeshSwarmError | undefined

  constructor(components: RunComponents<W>, options: RunOptions) {
    this.#components = components
    this.#options = options
    this.#runId = options.runId ?? taskId('run')
  }

  async run(graph: StepGraph<W>, outside: AbortSignal): Promise<GraphReport> {
    const { clock, pool } = this.#components
    const startedAt = clock.now()
    const onAbort = () => this.#cancel(cancelledError(outside, 'The run'))
    if (outside.aborted) onAbort()
    outside.addEventListener('abort', onAbort, { once: true })
    await this.#record({ kind: 'graph-started', run: this.#runId, steps: graph.steps.map(journaledStep) })
    this.#admit(graph.steps)
    if (this.#unfinished > 0) await this.#done.promise
    outside.removeEventListener('abort', onAbort)
    const steps = [...this.#steps.values()].map((run) => run.finished())
    const cancelled = this.#controller.signal.aborted
    const frame = { startedAt, endedAt: clock.now(), workers: pool.workers.length, cancelled }
    const report = graphReport(steps, frame)
    await this.#record({ kind: 'graph-finished', run: this.#runId, outcome: report.outcome })
    if (this.#broken) throw this.#broken
    return report
  }

  /** Steps in topological order, behind those that are there. */
  #admit(steps: readonly Step<W>[]): void {
    this.#unfinished += steps.length
    for (const step of steps) {
      const run = new StepRun(step)
      this.#steps.set(step.id, run)
      this.#link(run)
    }
    for (const { id } of steps) {
      const run = this.#steps.get(id)
      if (run?.state !== 'waiting') continue
      if (this.#controller.signal.aborted) this.#end(run, this.#controller.signal.reason)
      else if (run.open === 0) this.#ready(run)
    }
  }

  #link(run: StepRun<W>): void {
    for (const before of run.after) {
      const other = this.#steps.get(before)
      if (!other || other.state === 'succeeded') continue
      if (isFinal(other.state)) {
        this.#skip(run, before)
        return
      }
      other.followers.push(run)
      run.open++
    }
  }

  #ready(run: StepRun<W>): void {
    run.move('ready')
    run.readyAt = this.#components.clock.now()
    void this.#try(run)
  }

  async #try(run: StepRun<W>): Promise<void> {
    const { kind, priority, timeoutMs, graceMs } = run.step
    const one = new StepAttempt(run, this.#components.clock, this.#host)
    const task = { timeoutMs, graceMs, run: (worker: W, signal: AbortSignal) => one.perform(worker, signal) }
    const result = await attempt(() =>
      this.#components.pool.run({ kind, priority }, task, this.#controller.signal),
    )
    const added = one.close(result.ok)
    if (result.ok) await this.#succeeded(run, result.value, added)
    else await this.#failed(run, result.error, one.givenUp)
  }

  /** Holds a place for steps to come, or gives so many back. */
  #promise(steps: number): void {
    if (steps > 0)
      checkStepCount(this.#unfinished + this.#promised + steps, this.#options.maxSteps ?? MAX_STEPS)
    this.#promised += steps
  }

  async #succeeded(run: StepRun<W>, value: unknown, added: readonly Step<W>[]): Promise<void> {
    if (added.length > 0) {
      const steps = added.map(journaledStep)
      await this.#record({ kind: 'steps-added', run: this.#runId, by: run.id, steps })
    }
    await this.#recordEnd(run, 'succeeded')
    run.succeed(value)
    this.#promise(-added.length)
    this.#admit(added)
    for (const follower of run.followers) {
      if (follower.state === 'waiting' && --follower.open === 0) this.#ready(follower)
    }
    this.#ended()
  }

  async #failed(run: StepRun<W>, error: MeshSwarmError, givenUp: boolean): Promise<void> {
    const { signal } = this.#controller
    const { retries = 0 } = run.step
    const again = run.state === 'running' && error.retryable && run.attempts <= retries && !givenUp
    if (!again || signal.aborted) return this.#end(run, error)
    const inMs = retryDelayMs(run.attempts, error, this.#components.random, this.#options)
    run.move('backing-off')
    const about = { run: this.#runId, step: run.id, attempt: run.attempts, error: journaledError(error) }
    await this.#record({ kind: 'step-retrying', ...about, inMs })
    const waited = await attempt(() => this.#components.clock.sleep(inMs, signal))
    if (waited.ok) this.#ready(run)
    else this.#end(run, error)
  }

  /** The end of a step that did not succeed, and of all that come after it. */
  #end(run: StepRun<W>, error: MeshSwarmError): void {
    const state = run.state === 'running' && !this.#controller.signal.aborted ? 'failed' : 'cancelled'
    run.fail(state, error)
    void this.#recordEnd(run, state, error)
    for (const follower of run.followers) this.#skip(follower, run.id)
    this.#ended()
  }

  #skip(run: StepRun<W>, because: StepId): void {
    if (run.state !== 'waiting') return
    run.skip(because)
    void this.#recordEnd(run, 'skipped')
    for (const follower of run.followers) this.#skip(follower, run.id)
    this.#ended()
  }

  #ended(): void {
    this.#unfinished--
    if (this.#unfinished === 0) this.#done.resolve()
  }

  #cancel(reason: MeshSwarmError): void {
    if (this.#controller.signal.aborted) return
    this.#controller.abort(reason)
    const waiting = [...this.#steps.values()].filter(({ state }) => state === 'waiting')
    // All at once: none of them is skipped because of another.
    for (const run of waiting) run.fail('cancelled', reason)
    for (const run of waiting) {
      void this.#recordEnd(run, 'cancelled', reason)
      this.#ended()
    }
  }

  #recordEnd(run: StepRun<W>, state: FinalStepState, error?: MeshSwarmError): Promise<void> {
    const end = { kind: 'step-finished', run: this.#runId, step: run.id, state } as const
    return this.#record(error ? { ...end, error: journaledError(error) } : end)
  }

  /** Never rejects: a journal that fails cancels the run. */
  async #record(event: EngineEvent): Promise<void> {
    const { journal } = this.#components
    if (!journal || this.#broken) return
    try {
      await journal.append(event)
    } catch (thrown) {
      this.#broken ??= fromUnknown(thrown)
      this.#cancel(this.#broken)
    }
  }
}

function journaledStep({ id, tool, after = [] }: Step<never>): JournaledStep {
  return { id, tool, after }
}

function journaledError({ code, message }: MeshSwarmError): JournaledError {
  return { code, message }
}
