import type { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { type LabelsOf, METRICS, type MetricDefinition, type NameOf } from './metrics-table.ts'

/** The metrics of this process for Prometheus: made once by whoever puts the parts together, and given to them. */
export class Metrics {
  readonly #registry: Registry
  readonly #counters = new Map<string, Counter>()
  readonly #gauges = new Map<string, Gauge>()
  readonly #histograms = new Map<string, Histogram>()

  private constructor(prometheus: typeof import('prom-client')) {
    this.#registry = new prometheus.Registry()
    const registers = [this.#registry]
    for (const [name, { type, help, labels, buckets }] of definitions()) {
      const common = { name, help, labelNames: [...labels], registers }
      if (type === 'counter') this.#counters.set(name, new prometheus.Counter(common))
      else if (type === 'gauge') this.#gauges.set(name, new prometheus.Gauge(common))
      else this.#histograms.set(name, new prometheus.Histogram({ ...common, buckets: [...(buckets ?? [])] }))
    }
  }

  static async open(): Promise<Metrics> {
    // What few want nobody else has to load.
    return new Metrics(await import('prom-client'))
  }

  count<Name extends NameOf<'counter'>>(name: Name, labels: LabelsOf<Name>, by = 1): void {
    this.#counters.get(name)?.inc(labels, by)
  }

  /** One more, or one less where `by` is -1. */
  add<Name extends NameOf<'gauge'>>(name: Name, labels: LabelsOf<Name>, by: number): void {
    this.#gauges.get(name)?.inc(labels, by)
  }

  set<Name extends NameOf<'gauge'>>(name: Name, labels: LabelsOf<Name>, value: number): void {
    this.#gauges.get(name)?.set(labels, value)
  }

  observe<Name extends NameOf<'histogram'>>(name: Name, labels: LabelsOf<Name>, value: number): void {
    this.#histograms.get(name)?.observe(labels, value)
  }

  /** In Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics()
  }
}

function definitions(): readonly (readonly [string, MetricDefinition])[] {
  return Object.entries(METRICS)
}
