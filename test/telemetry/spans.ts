import { context, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace'

export interface Recorded {
  /** That have ended, in this order. */
  spans(): readonly ReadableSpan[]
  /** As `tree`. */
  tree(): readonly string[]
}

/** Registers an SDK, as a program that wants traces does; `stopRecording` takes it away again. */
export function recordSpans(): Recorded {
  const exporter = new InMemorySpanExporter()
  trace.setGlobalTracerProvider(
    new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
  )
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const spans = () => exporter.getFinishedSpans()
  return { spans, tree: () => tree(spans()) }
}

export function stopRecording(): void {
  trace.disable()
  context.disable()
}

/** A line a span, under its parent, its siblings in the order of the alphabet: `execute_tool echo`, `… !TIMEOUT`. */
function tree(spans: readonly ReadableSpan[]): readonly string[] {
  const known = new Set(spans.map((span) => span.spanContext().spanId))
  const below = (parent: string | undefined, indent: string): readonly string[] =>
    spans
      .filter(
        ({ parentSpanContext: { spanId = '' } = {} }) => (known.has(spanId) ? spanId : undefined) === parent,
      )
      .map((span) => ({ span, line: `${indent}${span.name}${failure(span)}` }))
      .sort((a, b) => (a.line < b.line ? -1 : 1))
      .flatMap(({ span, line }) => [line, ...below(span.spanContext().spanId, `${indent}  `)])
  return below(undefined, '')
}

function failure({ status, attributes }: ReadableSpan): string {
  return status.code === SpanStatusCode.ERROR ? ` !${attributes['error.type']}` : ''
}
