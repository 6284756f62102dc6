import { context, isSpanContextValid, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api'

const FORM = /^00-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/

/** The span that is under way here, as W3C Trace Context writes it; undefined where there is none. */
export function traceparent(): string | undefined {
  const found = trace.getSpanContext(context.active())
  return found && isSpanContextValid(found) ? traceparentOf(found) : undefined
}

export function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
}

/** Undefined for what is none. */
export function spanContextOf(text: string | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] = FORM.exec(text ?? '') ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
}

/** Does the work as a part of the span of this `traceparent`, whichever process had it; as it is without one. */
export function withinTrace<T>(text: string | undefined, work: () => T): T {
  const parent = spanContextOf(text)
  return parent ? context.with(trace.setSpanContext(ROOT_CONTEXT, parent), work) : work()
}
