import { cancelledError, isMeshSwarmError, type MeshSwarmError, meshSwarmError } from '../core/index.ts'
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
  readonly workers: readonly W[]
  readonly #kinds: ReadonlySet<string>
  readonly #free: W[]
  readonly #suspended = new Set<W>()
  readonly #queue = new FairQueue<Waiting<W>>()
  #closed: MeshSwarmError | undefined

  /** Throws SWARM_LIMIT_EXCEEDED unless there are 1 to 100 workers. */
  constructor(workers: readonly W[]) {
    if (workers.length < 1 || workers.length > MAX_WORKERS) {
      throw meshSwarmError('SWARM_LIMIT_EXCEEDED', `1 to ${MAX_WORKERS} workers, not ${workers.length}.`, {
        details: { workers: workers.length, limit: MAX_WORKERS },
      })
    }
    this.workers = [...workers]
    this.#free = [...workers]
    this.#kinds = new Set(workers.map(({ kind }) => kind))
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

  /** Gives the worker no new task until `resume`. A second call does nothing. */
  suspend(worker: W): void {
    this.#suspended.add(worker)
  }

  resume(worker: W): void {
    if (!this.#suspended.delete(worker)) return
    const index = this.#free.indexOf(worker)
    if (index < 0) return
    this.#free.splice(index, 1)
    this.#release(worker)
  }

  #acquire({ kind, flexible, priority }: WorkRequest, signal: AbortSignal): Promise<W> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw this.#closed
      if (signal.aborted) throw reasonOf(signal)
      const own = kind !== undefined && this.#kinds.has(kind) ? kind : undefined
      const wanted = flexible ? undefined : own
      const worker = this.#takeFree(own) ?? (flexible ? this.#takeFree(undefined) : undefined)
      if (worker) return resolve(worker)
      const stop = () => signal.removeEventListener('abort', onAbort)
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
      const onAbort = () => {
        leave()
        reject(reasonOf(signal))
      }
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  #takeFree(kind: string | undefined): W | undefined {
    const fits = (worker: W) => (kind === undefined || worker.kind === kind) && !this.#suspended.has(worker)
    const index = this.#free.findIndex(fits)
    return index < 0 ? undefined : this.#free.splice(index, 1)[0]
  }

  #release(worker: W): void {
    const next = this.#suspended.has(worker) ? undefined : this.#queue.take(worker.kind)
    if (next) next.grant(worker)
    else this.#free.push(worker)
  }
}

function reasonOf(signal: AbortSignal): MeshSwarmError {
  return isMeshSwarmError(signal.reason) ? signal.reason : cancelledError(signal)
}
