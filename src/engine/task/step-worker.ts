import { meshSwarmError } from '../../core/index.ts'
import type { Lease } from '../backends/swarm-backend.ts'
import { LeasedStep } from './leased-step.ts'
import { Pace } from './pace.ts'
import type { StepWorkerComponents, StepWorkerOptions } from './step-worker-options.ts'

const DEFAULT_LEASE_MS = 5000

/**
 * Takes steps and does them, up to `slots` at a time. A result is stored before the step counts as done; the first
 * result of a step is the one that counts. A step fails alone. What it was doing when its signal aborted, or when it
 * was killed, is for the next worker. Used once.
 */
export class StepWorker {
  readonly #components: StepWorkerComponents
  readonly #options: StepWorkerOptions & { readonly leaseMs: number }
  readonly #end = new AbortController()
  readonly #held = new Set<LeasedStep>()
  readonly #pending = new Set<Promise<unknown>>()
  readonly #pace = new Pace()
  /** Leased, and waiting for a slot. */
  readonly #waiting: LeasedStep[] = []
  readonly #free: number[]
  #wake: () => void = () => undefined
  #failure: unknown

  constructor(components: StepWorkerComponents, options: StepWorkerOptions) {
    this.#components = components
    this.#options = { ...options, leaseMs: options.leaseMs ?? DEFAULT_LEASE_MS }
    this.#free = Array.from({ length: options.slots }, (_, index) => options.slots - index)
  }

  /**
   * Until the signal aborts, and then until nothing runs any more: resolves, it does not reject. What was stopped is
   * given back at once. Rejects UNAVAILABLE where the backend is out of reach.
   */
  async run(signal: AbortSignal): Promise<void> {
    const onAbort = () => this.#stop(meshSwarmError('CANCELLED', `Worker ${this.#options.name} was stopped.`))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await Promise.all([this.#takeIn(), this.#hearCancels()])
    } catch (error) {
      if (!this.#end.signal.aborted) this.#fail(error)
    }
    signal.removeEventListener('abort', onAbort)
    for (const step of this.#waiting) this.#track(step.giveBack())
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending)
    if (this.#failure !== undefined) throw this.#failure
  }

  async #takeIn(): Promise<void> {
    const { backend } = this.#components
    const { name, slots, queue = 'any', leaseMs } = this.#options
    while (!this.#end.signal.aborted) {
      const most = this.#free.length + this.#pace.ahead(slots) - this.#waiting.length
      if (most > 0) {
        const request = { queue, worker: name, most, leaseMs }
        this.#start(await backend.work.lease(request, this.#end.signal))
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

  #start(leases: readonly Lease[]): void {
    for (const lease of leases) {
      const step = new LeasedStep(this.#components, this.#options, lease)
      this.#held.add(step)
      this.#waiting.push(step)
    }
    while (this.#waiting.length > 0 && this.#free.length > 0 && !this.#end.signal.aborted) {
      const step = this.#waiting.shift()
      const slot = this.#free.pop()
      if (step && slot !== undefined) this.#track(this.#do(step, slot))
    }
  }

  async #do(step: LeasedStep, slot: number): Promise<void> {
    const { clock } = this.#components
    const startedAt = clock.now()
    let store: (() => Promise<unknown>) | undefined
    try {
      store = await step.run(`${this.#options.name}/${slot}`, this.#end.signal)
    } finally {
      this.#held.delete(step)
      this.#free.push(slot)
    }
    const endedAt = clock.now()
    // The next step does not wait until this one's result is stored.
    this.#start([])
    this.#wake()
    await store()
    this.#pace.note(endedAt - startedAt, clock.now() - endedAt)
  }

  #track(work: Promise<void>): void {
    const tracked = work.catch((error) => this.#fail(error))
    this.#pending.add(tracked)
    void tracked.then(() => this.#pending.delete(tracked))
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    this.#stop(error)
  }

  #stop(reason: unknown): void {
    this.#end.abort(reason)
    this.#wake()
  }
}
