export { Metrics } from './metrics.ts'
export { METRICS, type MetricDefinition } from './metrics-table.ts'
export { type TraceFile, traceToFile } from './trace-file.ts'
export { spanContextOf, traceparent, traceparentOf, withinTrace } from './traceparent.ts'
export {
  failSpan,
  isTracing,
  type Operation,
  type SpanOf,
  startSpan,
  traced,
  tracedPart,
  within,
} from './tracing.ts'
