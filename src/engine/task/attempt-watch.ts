import type { Span } from '@opentelemetry/api'
import type { Result, StepId, SwarmId } from '../../core/index.ts'
import { failSpan, isTracing, startSpan, within } from '../../telemetry/index.ts'
import type { StepWorkerComponents } from './step-worker-options.ts'
import type { TaskWork } from './task-work.ts'

type Components = Pick<StepWorkerComponents, 'clock' | 'metrics' | 'tools' | 'upstreams'>

export interface AttemptOf {
  readonly swarm: SwarmId
  readonly step: StepId
  readonly attempt: number
}

/** What the world sees of one attempt: its span and its metrics. What it was given and what it gave is in neither. */
export class AttemptWatch {
  readonly #components: Components
  readonly #of: AttemptOf
  readonly #work: TaskWork
  #begun = false
  #span: Span | undefined

  constructor(components: Components, of: AttemptOf, work: TaskWork) {
    this.#components = components
    this.#of = of
    this.#work = work
  }

  /** Calls it as a part of the attempt's span. */
  begin<T>(worker: string, call: () => T): T {
    this.#begun = true
    this.#components.metrics?.add('meshswarm_steps_in_flight', {}, 1)
    if (!isTracing()) return call()
    const { swarm, step, attempt } = this.#of
    const { tool, trace } = this.#work
    const waited = trace && { 'meshswarm.queue_wait_ms': this.#components.clock.now() - trace.offeredAt }
    this.#span = startSpan('execute_tool', {
      subject: tool,
      attributes: {
        'gen_ai.tool.call.id': `${swarm}/${step}`,
        'meshswarm.task': swarm,
        'meshswarm.step': step,
        'meshswarm.attempt': attempt,
        'meshswarm.worker': worker,
        ...waited,
      },
    })
    return within(this.#span, call)
  }

  /** `interrupted`: nothing of it counts, whatever it has come to. Does nothing for what was never begun. */
  end(result: Result<unknown>, { tookMs, interrupted }: { tookMs: number; interrupted: boolean }): void {
    if (!this.#begun) return
    const code = result.ok ? undefined : result.error.code
    const span = this.#span
    if (span && (interrupted || code !== undefined)) failSpan(span, code ?? 'CANCELLED')
    span?.end()
    const { metrics, tools } = this.#components
    if (!metrics) return
    // Any name can stand in a task; those of the tools are few.
    const tool = tools.has(this.#work.tool) ? this.#work.tool : 'unknown'
    const outcome = interrupted ? 'interrupted' : result.ok ? 'succeeded' : 'failed'
    metrics.add('meshswarm_steps_in_flight', {}, -1)
    metrics.count('meshswarm_step_attempts_total', { tool, outcome, code: code ?? '' })
    metrics.observe('meshswarm_step_attempt_duration_seconds', { tool }, tookMs / 1000)
  }

  /** A call of the upstream has ended. */
  called(upstream: string): void {
    const { metrics, upstreams } = this.#components
    metrics?.set('meshswarm_upstream_limit', { upstream }, upstreams.limit(upstream).limit)
  }
}
