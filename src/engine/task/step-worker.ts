import { meshSwarmError } from '../../core/index.ts'
import type { Lease } from '../backends/swarm-backend.ts'
import { LeasedStep } from './leased-step.ts'
import { Pace } from './pace.ts'
import type { StepWorkerComponents, StepWorkerOptions } from './step-worker-options.ts'

const DEFAULT_LEASE_MS = 5000

/**
 * Takes steps, and has the workers of a pool do them. A result is stored before the step counts as done; the first
 * result of a step is the one that counts. A step fails alone. What is under way when the signal aborts, or when the
 * process is killed, is for the next worker. Used once.
 */
export class StepWorker {
  readonly #components: StepWorkerComponents
  readonly #options: StepWorkerOptions & { readonly leaseMs: number }
  readonly #end = new AbortController()
  /** Leased, and not ended: under way, or waiting for a worker. */
  readonly #held = new Set<LeasedStep>()
  readonly #pending = new Set<Promise<unknown>>()
  readonly #pace = new Pace()
  #wake: () => void = () => undefined
  #failure: unknown

  constructor(components: StepWorkerComponents, options: StepWorkerOptions) {
    this.#components = components
    this.#options = { ...options, leaseMs: options.leaseMs ?? DEFAULT_LEASE_MS }
  }

  /**
   * Until the signal aborts, and then until nothing runs any more: resolves, it does not reject. What was stopped is
   * given back at once. Rejects UNAVAILABLE where the backend is out of reach.
   */
  async run(signal: AbortSignal): Promise<void> {
    const onAbort = () => this.#stop(meshSwarmError('CANCELLED', `Worker ${this.#options.name} was stopped.`))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    const forget = this.#components.pool.onCapacity(() => this.#wake())
    try {
      await Promise.all([this.#takeIn(), this.#hearCancels()])
    } catch (error) {
      if (!this.#end.signal.aborted) this.#fail(error)
    }
    forget()
    signal.removeEventListener('abort', onAbort)
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending)
    if (this.#failure !== undefined) throw this.#failure
  }

  async #takeIn(): Promise<void> {
    const { backend, pool } = this.#components
    const { name, queue, leaseMs } = this.#options
    while (!this.#end.signal.aborted) {
      const most = pool.capacity + this.#pace.ahead(pool.capacity) - this.#held.size
      if (most > 0) {
        const request = { queue, worker: name, most, leaseMs }
        for (const lease of await backend.work.lease(request, this.#end.signal)) this.#start(lease)
      } else await new Promise<void>((resolve) => this.#wakeBy(resolve))
    }
  }

  #wakeBy(resolve: () => void): void {
    this.#wake = resolve
    if (this.#end.signal.aborted) resolve()
  }

  async #hearCancels(): Promise<void> {
    for await (const { subject } of this.#components.backend.bus.subscribe('cancel.*', this.#end.signal))
      for (const step of this.#held) step.cancelled(subject)
  }

  #start(lease: Lease): void {
    const step = new LeasedStep(this.#components, this.#options, lease)
    this.#held.add(step)
    if (this.#end.signal.aborted) step.interrupt(this.#end.signal.reason)
    const tracked = this.#do(step).catch((error) => this.#fail(error))
    this.#pending.add(tracked)
    void tracked.then(() => this.#pending.delete(tracked))
  }

  async #do(step: LeasedStep): Promise<void> {
    const { clock } = this.#components
    try {
      await step.run()
    } finally {
      this.#held.delete(step)
      // The next step does not wait until this one's result is stored.
      this.#wake()
    }
    const endedAt = clock.now()
    await step.store()
    this.#pace.note(step.tookMs, clock.now() - endedAt)
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    this.#stop(error)
  }

  #stop(reason: unknown): void {
    this.#end.abort(reason)
    for (const step of this.#held) step.interrupt(reason)
    this.#wake()
  }
}
