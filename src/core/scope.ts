import type { Clock } from './clock.ts'
import { fromUnknown, hasCode, isMeshSwarmError, type MeshSwarmError, meshSwarmError } from './errors.ts'

export interface ScopeOptions {
  readonly name?: string
  /** A signal from outside (a request, Ctrl-C): when it aborts, the scope is cancelled. */
  readonly signal?: AbortSignal | undefined
  /**
   * What the failure of a spawned task does. `keep-going` (the default): nothing to its siblings; it is in the
   * promise that `spawn` returned and in `failures`. `cancel-siblings`: the first failure cancels the scope,
   * and `run` and `close` reject with it.
   */
  readonly onFailure?: 'cancel-siblings' | 'keep-going'
}

/** The signal of a clean-up never aborts. */
export type Cleanup = (signal: AbortSignal) => void | Promise<void>

const NEVER = new AbortController().signal

/**
 * A part of the work that starts, fails, is cancelled and is cleaned up as a whole. Scopes form a tree: a
 * cancel reaches every scope below. A scope ends in order: its tasks and child scopes first, then its clean-ups
 * in reverse order, which no cancel reaches. Work that ignores its signal holds the end up, on purpose.
 */
export class Scope implements AsyncDisposable {
  readonly name: string
  readonly #onFailure: 'cancel-siblings' | 'keep-going'
  readonly #controller = new AbortController()
  readonly #children = new Set<Scope>()
  readonly #tasks = new Set<Promise<unknown>>()
  readonly #cleanups: Cleanup[] = []
  readonly #failures: MeshSwarmError[] = []
  readonly #detach: () => void
  #firstFailure: MeshSwarmError | undefined
  #sealed = false
  #closing: Promise<void> | undefined

  constructor(options: ScopeOptions = {}, parent?: Scope) {
    this.name = options.name ?? 'root'
    this.#onFailure = options.onFailure ?? 'keep-going'
    const outside = [parent?.signal, options.signal].filter((signal) => signal !== undefined)
    const onAbort = (event: Event) => this.cancel((event.target as AbortSignal).reason)
    for (const signal of outside) signal.addEventListener('abort', onAbort, { once: true })
    if (parent) parent.#children.add(this)
    this.#detach = () => {
      for (const signal of outside) signal.removeEventListener('abort', onAbort)
      if (parent) parent.#children.delete(this)
    }
    const aborted = outside.find((signal) => signal.aborted)
    if (aborted) this.cancel(aborted.reason)
  }

  /** Aborts on cancel; its reason is always a MeshSwarmError. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Every failure of a spawned task or of a clean-up so far. */
  get failures(): readonly MeshSwarmError[] {
    return this.#failures
  }

  /** A scope below this one. The caller closes it, or this one does at its own end. Throws CONFLICT by then. */
  child(name: string, options: Omit<ScopeOptions, 'name'> = {}): Scope {
    this.#checkOpen('child')
    return new Scope({ ...options, name: `${this.name}/${name}` }, this)
  }

  /** A child scope that is cancelled with TIMEOUT after `ms` milliseconds, unless it has ended by then. */
  withTimeout(ms: number, clock: Clock, name = 'timeout'): Scope {
    const scope = this.child(name)
    const timeout = () => scope.cancel(meshSwarmError('TIMEOUT', `${scope.name} took more than ${ms} ms.`))
    scope.defer(clock.after(ms, timeout))
    return scope
  }

  /**
   * Starts `task` in this scope. The promise settles like the task; nobody has to await it. Rejects with the
   * reason of the cancel, without starting, in a cancelled scope. Throws CONFLICT in a closed one.
   */
  spawn<T>(task: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
    this.#checkOpen('spawn')
    const promise = this.#guarded(async () => {
      this.signal.throwIfAborted()
      return task(this.signal)
    })
    const tracked = promise.then(noop, (error: unknown) => this.#taskFailed(fromUnknown(error)))
    this.#tasks.add(tracked)
    tracked.then(() => this.#tasks.delete(tracked))
    return promise
  }

  /**
   * Runs `body` in a child scope and settles when that has ended, with the value of the body even where a
   * cancel came too late for it. Rejects with the first of: the first failed task (`cancel-siblings`), what the
   * body threw, what a clean-up threw. A body stopped by a cancel rejects with the reason of the cancel.
   */
  async run<T>(body: (scope: Scope) => T | Promise<T>, options: ScopeOptions = {}): Promise<T> {
    this.signal.throwIfAborted()
    const scope = this.child(options.name ?? 'run', options)
    let value: T
    try {
      value = await scope.#guarded(async () => body(scope))
    } catch (thrown) {
      scope.cancel(meshSwarmError('CANCELLED', `The body of ${scope.name} failed.`, { cause: thrown }))
      await scope.close().catch(noop)
      throw scope.#firstFailure ?? thrown
    }
    await scope.close()
    return value
  }

  /**
   * Runs `cleanup` at the end of the scope, last deferred first, whatever the others throw. Deferred while the
   * scope cleans up, it runs next. In a closed scope it is started at once, and CONFLICT is thrown.
   */
  defer(cleanup: Cleanup): void {
    if (!this.#sealed) {
      this.#cleanups.push(cleanup)
      return
    }
    void this.#cleanUp(cleanup)
    this.#checkOpen('defer')
  }

  /** Cancels this scope and all below. Only the first reason counts; a second call does nothing. */
  cancel(reason?: unknown): void {
    if (this.signal.aborted) return
    this.#controller.abort(asReason(reason, this.name))
  }

  /**
   * Waits for all tasks and child scopes, then cleans up. It does not cancel. Rejects with the first failed
   * task under `cancel-siblings`, else with what the first failing clean-up threw. A second call returns the
   * first one's promise.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** `cancel`, then `close`: leaving an `await using` block leaves nothing running. */
  [Symbol.asyncDispose](): Promise<void> {
    this.cancel()
    return this.close()
  }

  async #close(): Promise<void> {
    let failed: MeshSwarmError | undefined
    while (this.#tasks.size + this.#children.size + this.#cleanups.length > 0) {
      const children = [...this.#children].reverse()
      await Promise.allSettled([...this.#tasks, ...children.map((child) => child.close())])
      if (this.#tasks.size + this.#children.size > 0) continue
      const cleanup = this.#cleanups.pop()
      const error = cleanup && (await this.#cleanUp(cleanup))
      failed ??= error
    }
    this.#sealed = true
    this.#detach()
    const error = this.#firstFailure ?? failed
    if (error) throw error
  }

  async #cleanUp(cleanup: Cleanup): Promise<MeshSwarmError | undefined> {
    try {
      await cleanup(NEVER)
      return undefined
    } catch (thrown) {
      const error = fromUnknown(thrown)
      this.#failures.push(error)
      return error
    }
  }

  /** What was stopped by a cancel of this scope says so with the reason of the cancel. */
  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (thrown) {
      if (this.signal.aborted && hasCode(fromUnknown(thrown), 'CANCELLED')) throw this.signal.reason
      throw thrown
    }
  }

  #taskFailed(error: MeshSwarmError): void {
    if (error === this.signal.reason) return
    this.#failures.push(error)
    if (this.#onFailure !== 'cancel-siblings') return
    this.#firstFailure ??= error
    this.cancel(meshSwarmError('CANCELLED', `A sibling in ${this.name} failed.`, { cause: error }))
  }

  #checkOpen(what: string): void {
    if (this.#sealed) throw meshSwarmError('CONFLICT', `${what}(): the scope ${this.name} has ended.`)
  }
}

function asReason(reason: unknown, name: string): MeshSwarmError {
  if (isMeshSwarmError(reason)) return reason
  return meshSwarmError('CANCELLED', `${name} was cancelled.`, { cause: reason })
}

function noop(): void {}
