export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[]
}

const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300]

/**
 * Every metric there is; `docs/METRICS.md` lists the same. Values of labels are few: states, error codes, and tools and
 * upstreams that a program has, never a name out of a task file.
 */
export const METRICS = {
  meshswarm_tasks_total: {
    type: 'counter',
    help: 'Tasks that this process has ended, by their outcome; those of sub-agents included.',
    labels: ['outcome'],
  },
  meshswarm_steps_total: {
    type: 'counter',
    help: 'Steps of these tasks, by how they ended, and with which error code where they failed.',
    labels: ['state', 'code'],
  },
  meshswarm_budget_exceeded_total: {
    type: 'counter',
    help: 'Of these steps, those that a budget has ended or kept from beginning, by what there was too little of.',
    labels: ['budget'],
  },
  meshswarm_step_queue_wait_seconds: {
    type: 'histogram',
    help: 'Of these steps, where a worker had them: from when it could be begun to its first attempt that has ended.',
    labels: [],
    buckets: SECONDS,
  },
  meshswarm_step_attempts_total: {
    type: 'counter',
    help: 'Attempts at steps in this process, by how they ended, and with which error code where they failed.',
    labels: ['tool', 'outcome', 'code'],
  },
  meshswarm_step_attempt_duration_seconds: {
    type: 'histogram',
    help: 'How long these attempts took, without the wait for a worker.',
    labels: ['tool'],
    buckets: SECONDS,
  },
  meshswarm_steps_in_flight: {
    type: 'gauge',
    help: 'Steps that a worker of this process is at.',
    labels: [],
  },
  meshswarm_upstream_limit: {
    type: 'gauge',
    help: 'Calls that may be under way at an upstream, as the last call has left it.',
    labels: ['upstream'],
  },
  meshswarm_store_write_duration_seconds: {
    type: 'histogram',
    help: 'From asking the store for a write until it was durable; those that failed are not in it.',
    labels: [],
    buckets: SECONDS,
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>

type Table = typeof METRICS
export type MetricName = keyof Table
export type NameOf<Type extends MetricDefinition['type']> = {
  [Name in MetricName]: Table[Name]['type'] extends Type ? Name : never
}[MetricName]
export type LabelsOf<Name extends MetricName> = {
  readonly [Label in Table[Name]['labels'][number]]: string
}
