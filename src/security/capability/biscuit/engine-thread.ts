import { Worker } from 'node:worker_threads'
import { fromUnknown, type MeshSwarmError } from '../../../core/index.ts'
import type { Operation, Outcome, ThreadOptions } from './protocol.ts'

const THREAD = new URL('./thread.ts', import.meta.url)

/** An operation that somebody waits for. */
export interface Job {
  readonly operation: Operation
  done(outcome: Outcome): void
}

export interface EngineThreadOptions extends ThreadOptions {
  /**
   * Hears once that the thread has ended, and of the jobs that it leaves, oldest first: with an error where the thread
   * broke over the first of them, without one where it was killed.
   */
  readonly onEnd: (left: readonly Job[], error: MeshSwarmError | undefined) => void
}

/** One thread with one instance of the library. It answers in order, so the oldest job is the one that it is at. */
export class EngineThread {
  /** Operations that it was given, characters of tokens in them, and operations that it has answered. */
  given = 0
  characters = 0
  answered = 0
  readonly #worker: Worker
  readonly #jobs: Job[] = []
  #retired = false

  constructor({ onEnd, ...workerData }: EngineThreadOptions) {
    // The library talks on the console when it starts and when it breaks.
    this.#worker = new Worker(THREAD, { workerData, stdout: true, stderr: true })
    this.#worker.stdout.resume()
    this.#worker.stderr.resume()
    this.#worker.unref()
    let failure: MeshSwarmError | undefined
    this.#worker.on('message', (outcomes: readonly Outcome[]) => {
      for (const outcome of outcomes) this.#answer(outcome)
    })
    this.#worker.on('error', (error) => {
      failure = fromUnknown(error)
    })
    this.#worker.once('exit', () => onEnd(this.#jobs, failure))
  }

  give(job: Job): void {
    if (this.#jobs.length === 0) this.#worker.ref()
    this.#jobs.push(job)
    this.given++
    if ('token' in job.operation) this.characters += job.operation.token.length
    this.#worker.postMessage(job.operation)
  }

  /** Ends when it has answered what it was given. */
  retire(): void {
    this.#retired = true
    this.#worker.ref()
    this.#worker.postMessage('close')
  }

  /** Ends at once. */
  kill(): void {
    this.#worker.ref()
    void this.#worker.terminate()
  }

  #answer(outcome: Outcome): void {
    const job = this.#jobs.shift()
    this.answered++
    if (this.#jobs.length === 0 && !this.#retired) this.#worker.unref()
    job?.done(outcome)
  }
}
