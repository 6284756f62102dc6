import { type Clock, meshSwarmError, type StepId } from '../core/index.ts'
import { traced } from '../telemetry/index.ts'
import type { Step } from './step-graph.ts'
import type { StepRun } from './step-run.ts'
import type { Worker } from './worker.ts'

/** What the attempts of a run ask of it. */
export interface AttemptHost<W extends Worker> {
  recordStart(step: StepId, attempt: number, worker: string): Promise<void>
  resultOf(step: StepId): unknown
  /** Holds so many places, or gives them back where negative. Throws STEP_LIMIT_EXCEEDED. */
  accept(steps: number): void
  /** Throws INVALID_INPUT where the graph would not be sound with these steps. */
  sort(steps: readonly Step<W>[]): readonly Step<W>[]
}

/** One attempt at one step, from the wait for a worker to its end. */
export class StepAttempt<W extends Worker> {
  readonly #run: StepRun<W>
  readonly #clock: Clock
  readonly #host: AttemptHost<W>
  #worker: W | undefined
  #startedAt = 0
  #added: readonly Step<W>[] = []
  #returned = false
  #closed = false

  constructor(run: StepRun<W>, clock: Clock, host: AttemptHost<W>) {
    this.#run = run
    this.#clock = clock
    this.#host = host
  }

  /** Nobody waits for it any more, and it has not returned. */
  get givenUp(): boolean {
    return this.#closed && this.#worker !== undefined && !this.#returned
  }

  async perform(worker: W, signal: AbortSignal): Promise<unknown> {
    this.#run.move('running')
    this.#run.attempts++
    this.#worker = worker
    this.#startedAt = this.#clock.now()
    try {
      await this.#host.recordStart(this.#run.id, this.#run.attempts, worker.id)
      signal.throwIfAborted()
      const { id, step, attempts } = this.#run
      const attributes = {
        'meshswarm.step': id,
        'meshswarm.attempt': attempts,
        'meshswarm.worker': worker.id,
      }
      return await traced('execute_tool', { subject: step.tool, attributes }, async () =>
        step.run(
          {
            stepId: id,
            worker,
            attempt: attempts,
            resultOf: (other) => this.#resultOf(other),
            add: (steps) => this.#add(steps),
          },
          signal,
        ),
      )
    } finally {
      this.#returned = true
    }
  }

  /** Notes the span of a started attempt. The steps it has added, where it succeeded. */
  close(succeeded: boolean): readonly Step<W>[] {
    this.#closed = true
    const { id, step, attempts, readyAt, spans } = this.#run
    if (this.#worker) {
      const times = { readyAt, startedAt: this.#startedAt, endedAt: this.#clock.now() }
      spans.push({
        step: id,
        tool: step.tool,
        worker: this.#worker.id,
        attempt: attempts,
        ...times,
        succeeded,
      })
    }
    if (succeeded) return this.#added
    this.#host.accept(-this.#added.length)
    return []
  }

  #resultOf(step: StepId): unknown {
    if (this.#run.after.includes(step)) return this.#host.resultOf(step)
    throw meshSwarmError('INVALID_INPUT', `Step ${this.#run.id} does not come after ${step}.`, {
      details: { step: this.#run.id, wanted: step },
    })
  }

  #add(steps: readonly Step<W>[]): void {
    const { id } = this.#run
    if (this.#closed) throw meshSwarmError('CONFLICT', `Step ${id} has ended and adds no steps any more.`)
    const after = steps.map((step) => ({ ...step, after: [id, ...(step.after ?? [])] }))
    const added = this.#host.sort([...this.#added, ...after])
    this.#host.accept(steps.length)
    this.#added = added
  }
}
