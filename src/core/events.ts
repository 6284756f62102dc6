import { cancelledError, meshSwarmError, throwIfCancelled } from './errors.ts'

export interface ChannelOptions {
  /** How many values wait at most. */
  readonly capacity: number
  /**
   * What a push into a full channel does: `drop-oldest` throws the longest-waiting value away and counts it,
   * `fail` throws INSUFFICIENT_RESOURCES and leaves the channel as it was.
   */
  readonly overflow: 'drop-oldest' | 'fail'
  /** Ends the channel with CANCELLED when it aborts; what waits by then is lost. */
  readonly signal?: AbortSignal | undefined
  /** Called once when the channel ends, whoever ended it: the producer stops here. */
  readonly onEnd?: () => void
}

interface Waiter<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void
  readonly reject: (error: unknown) => void
}

/**
 * A bounded queue of values, read with `for await`. Each value goes to one reader. Leaving the loop ends the
 * channel. After the end, pushes are ignored (false), a second end does nothing, and readers get what still
 * waits, then the end: done, or the error it ended with.
 */
export class Channel<T> implements AsyncIterable<T> {
  readonly #options: ChannelOptions
  readonly #waiters: Waiter<T>[] = []
  #values: T[] = []
  #dropped = 0
  #ended = false
  #error: unknown
  readonly #onAbort = () => {
    this.#values = []
    const { signal } = this.#options
    if (signal) this.#end(cancelledError(signal, 'The channel'))
  }

  constructor(options: ChannelOptions) {
    if (!(options.capacity >= 1)) throw meshSwarmError('INVALID_INPUT', 'A channel holds one value at least.')
    this.#options = options
    if (options.signal?.aborted) this.#onAbort()
    else options.signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** How many values wait. */
  get size(): number {
    return this.#values.length
  }

  /** How many values `drop-oldest` has thrown away. */
  get dropped(): number {
    return this.#dropped
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Hands the value over. False, and nothing done, after the end. */
  push(value: T): boolean {
    if (this.#ended) return false
    const waiter = this.#waiters.shift()
    if (waiter) {
      waiter.resolve({ done: false, value })
      return true
    }
    if (this.#values.length >= this.#options.capacity) {
      if (this.#options.overflow === 'fail') {
        throw meshSwarmError('INSUFFICIENT_RESOURCES', 'The channel is full: its reader is too slow.', {
          details: { capacity: this.#options.capacity },
        })
      }
      this.#values.shift()
      this.#dropped++
    }
    this.#values.push(value)
    return true
  }

  /** Ends the channel well. */
  close(): void {
    this.#end(undefined)
  }

  /** Ends the channel with an error, which every later read rejects with. */
  fail(error: Error): void {
    this.#end(error)
  }

  /** The next value, or done. Rejects CANCELLED when the signal aborts; no value is lost by that. */
  next(signal?: AbortSignal): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      throwIfCancelled(signal, 'The read')
      if (this.#values.length > 0) return resolve({ done: false, value: this.#values.shift() as T })
      if (this.#ended) return this.#error ? reject(this.#error) : resolve({ done: true, value: undefined })
      const stopListening = () => signal?.removeEventListener('abort', onAbort)
      const waiter: Waiter<T> = {
        resolve(result) {
          stopListening()
          resolve(result)
        },
        reject(error) {
          stopListening()
          reject(error)
        },
      }
      const onAbort = () => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1)
        if (signal) reject(cancelledError(signal, 'The read'))
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiters.push(waiter)
    })
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return {
      next: () => this.next(),
      return: async () => {
        this.close()
        return { done: true, value: undefined }
      },
    }
  }

  #end(error: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.#error = error
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    for (const waiter of this.#waiters.splice(0)) {
      if (error) waiter.reject(error)
      else waiter.resolve({ done: true, value: undefined })
    }
    this.#options.onEnd?.()
  }
}
