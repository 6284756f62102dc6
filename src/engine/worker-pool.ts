import {
  cancelledError,
  isMeshSwarmError,
  type MeshSwarmError,
  meshSwarmError,
  onAbort,
} from '../core/index.ts'
import { FairQueue } from './fair-queue.ts'
import type { Worker, WorkTask } from './worker.ts'

export interface WorkRequest {
  /** The kind of worker; any will do where it is missing, or where the pool has none of that kind. */
  readonly kind?: string | undefined
  /** Takes a free worker of another kind where none of its own is free. */
  readonly flexible?: boolean | undefined
  /** Higher goes first, within bounds: see `FairQueue`. Default 0. */
  readonly priority?: number | undefined
}

interface Waiting<W> {
  grant(worker: W): void
  refuse(error: MeshSwarmError): void
}

export const MAX_WORKERS = 100

/**
 * Hands each task to a free worker of its kind, the one that has been idle longest, or lets it wait in a fair
 * queue. Parallelism comes from the number of workers only: a pool of one does everything one after another.
 */
export class WorkerPool<W extends Worker> {
  readonly #workers: Set<W>
  readonly #free: W[]
  readonly #leaving = new Map<W, () => void>()
  readonly #listeners = new Set<() => void>()
  readonly #suspended = new Set<W>()
  readonly #queue = new FairQueue<Waiting<W>>()
  #closed: MeshSwarmError | undefined

  /** Throws SWARM_LIMIT_EXCEEDED unless there are 1 to 100 workers. */
  constructor(workers: readonly W[]) {
    checkCount(workers.length)
    this.#workers = new Set(workers)
    this.#free = [...workers]
  }

  get workers(): readonly W[] {
    return [...this.#workers]
  }

  /** How many take tasks: all but the suspended ones. */
  get capacity(): number {
    return this.#workers.size - this.#suspended.size
  }

  /** How many tasks wait for a worker. */
  get waiting(): number {
    return this.#queue.size
  }

  get free(): number {
    return this.#free.length
  }

  /**
   * Runs the task on the next fitting worker. Rejects like the task, and CANCELLED, without starting it, when
   * the signal aborts while it waits. The worker takes its next task when this one has really ended.
   *
   * A task that waits for another task of its own pool holds its worker meanwhile: with few workers that is a
   * deadlock. Start such tasks from outside the pool.
   */
  async run<T>(request: WorkRequest, task: WorkTask<T, W>, signal: AbortSignal): Promise<T> {
    const worker = await this.#acquire(request, signal)
    try {
      return await worker.perform(task as WorkTask<T, typeof worker>, signal)
    } finally {
      void worker.whenFree().then(() => this.#release(worker))
    }
  }

  /** Refuses everything that waits, and all that comes, with `error`. What runs goes on. */
  close(error: MeshSwarmError): void {
    if (this.#closed) return
    this.#closed = error
    for (const waiting of this.#queue.drain()) waiting.refuse(error)
  }

  /** Calls back when the capacity has changed, until the returned function is called. */
  onCapacity(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Throws SWARM_LIMIT_EXCEEDED where there are 100. */
  add(worker: W): void {
    checkCount(this.#workers.size + 1)
    this.#workers.add(worker)
    this.#release(worker)
    this.#changed()
  }

  /**
   * Takes it out: it gets no new task, and is gone when the promise resolves, at the end of its present one. Throws
   * SWARM_LIMIT_EXCEEDED for the last one.
   */
  remove(worker: W): Promise<void> {
    checkCount(this.#workers.size - 1)
    this.#workers.delete(worker)
    this.#suspended.delete(worker)
    const index = this.#free.indexOf(worker)
    if (index >= 0) this.#free.splice(index, 1)
    // Where it was the last one of its kind, any other may do what waits for it.
    if (!this.#has(worker.kind)) {
      this.#queue.open(worker.kind)
      for (const free of this.#free.splice(0)) this.#serve(free)
    }
    this.#changed()
    if (index >= 0) return Promise.resolve()
    return new Promise((resolve) => this.#leaving.set(worker, resolve))
  }

  /** Gives the worker no new task until `resume`. A second call does nothing. */
  suspend(worker: W): void {
    if (!this.#workers.has(worker)) return
    this.#suspended.add(worker)
    this.#changed()
  }

  resume(worker: W): void {
    if (!this.#suspended.delete(worker)) return
    this.#changed()
    const index = this.#free.indexOf(worker)
    if (index < 0) return
    this.#free.splice(index, 1)
    this.#release(worker)
  }

  #acquire({ kind, flexible, priority }: WorkRequest, signal: AbortSignal): Promise<W> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw this.#closed
      if (signal.aborted) throw reasonOf(signal)
      const own = kind !== undefined && this.#has(kind) ? kind : undefined
      const wanted = flexible ? undefined : own
      const worker = this.#takeFree(own) ?? (flexible ? this.#takeFree(undefined) : undefined)
      if (worker) return resolve(worker)
      const leave = this.#queue.enter(wanted, priority ?? 0, {
        grant: (worker) => {
          stop()
          resolve(worker)
        },
        refuse: (error) => {
          stop()
          reject(error)
        },
      })
      const stop = onAbort(signal, () => {
        leave()
        reject(reasonOf(signal))
      })
    })
  }

  #has(kind: string): boolean {
    for (const worker of this.#workers) if (worker.kind === kind) return true
    return false
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener()
  }

  #takeFree(kind: string | undefined): W | undefined {
    const fits = (worker: W) => (kind === undefined || worker.kind === kind) && !this.#suspended.has(worker)
    const index = this.#free.findIndex(fits)
    return index < 0 ? undefined : this.#free.splice(index, 1)[0]
  }

  #release(worker: W): void {
    const gone = this.#leaving.get(worker)
    this.#leaving.delete(worker)
    if (gone) gone()
    else this.#serve(worker)
  }

  #serve(worker: W): void {
    const next = this.#suspended.has(worker) ? undefined : this.#queue.take(worker.kind)
    if (next) next.grant(worker)
    else this.#free.push(worker)
  }
}

function reasonOf(signal: AbortSignal): MeshSwarmError {
  return isMeshSwarmError(signal.reason) ? signal.reason : cancelledError(signal)
}

function checkCount(count: number): void {
  if (count >= 1 && count <= MAX_WORKERS) return
  throw meshSwarmError('SWARM_LIMIT_EXCEEDED', `1 to ${MAX_WORKERS} workers, not ${count}.`, {
    details: { workers: count, limit: MAX_WORKERS },
  })
}
