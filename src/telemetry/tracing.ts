import {
  type Attributes,
  context,
  ProxyTracerProvider,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { type ErrorCode, fromUnknown } from '../core/index.ts'

const SCOPE = 'meshswarm'

/**
 * The operations of OpenTelemetry's GenAI conventions (0.1.0), and which attribute says what each is about. The last
 * one is ours: where a task's trace begins, before anybody leads it.
 */
const OPERATIONS = {
  invoke_workflow: { kind: SpanKind.INTERNAL, subject: 'gen_ai.agent.name' },
  invoke_agent: { kind: SpanKind.INTERNAL, subject: 'gen_ai.agent.name' },
  plan: { kind: SpanKind.INTERNAL, subject: 'gen_ai.agent.name' },
  execute_tool: { kind: SpanKind.INTERNAL, subject: 'gen_ai.tool.name' },
  chat: { kind: SpanKind.CLIENT, subject: 'gen_ai.request.model' },
  retrieval: { kind: SpanKind.CLIENT, subject: 'gen_ai.data_source.id' },
  submit_task: { kind: SpanKind.PRODUCER, subject: 'gen_ai.agent.name' },
} as const

export type Operation = keyof typeof OPERATIONS

export interface SpanOf {
  /** What the operation is about: the name of the task, the kind of agent, the tool, the model. Few different ones. */
  readonly subject?: string | undefined
  readonly attributes?: Attributes
}

/** Whether anybody has registered an SDK. Without one nothing in this folder costs more than this look. */
export function isTracing(): boolean {
  const provider = trace.getTracerProvider()
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer(SCOPE) !== undefined
}

/**
 * Does the work as one span, below the one that is under way. Settles like the work; what it throws is told by its
 * code alone, for messages can hold what nobody may read. Without an SDK it is the call of the work.
 */
export function traced<T>(
  operation: Operation,
  of: SpanOf,
  work: (span: Span | undefined) => Promise<T>,
): Promise<T> {
  if (!isTracing()) return work(undefined)
  const span = startSpan(operation, of)
  return within(span, async () => {
    try {
      return await work(span)
    } catch (thrown) {
      failSpan(span, fromUnknown(thrown).code)
      throw thrown
    } finally {
      span.end()
    }
  })
}

/** `traced`, where it is part of something that is traced; for what is done far too often to be a trace of its own. */
export function tracedPart<T>(operation: Operation, of: SpanOf, work: () => Promise<T>): Promise<T> {
  return trace.getActiveSpan() === undefined ? work() : traced(operation, of, work)
}

/** For work whose end somebody else sees: `within` does it, and `end` of the span ends it. */
export function startSpan(operation: Operation, { subject, attributes }: SpanOf): Span {
  const { kind, subject: key } = OPERATIONS[operation]
  const name = subject === undefined ? operation : `${operation} ${subject}`
  const about = subject === undefined ? {} : { [key]: subject }
  return trace.getTracer(SCOPE).startSpan(name, {
    kind,
    attributes: { 'gen_ai.operation.name': operation, ...about, ...attributes },
  })
}

export function within<T>(span: Span, work: () => T): T {
  return context.with(trace.setSpan(context.active(), span), work)
}

export function failSpan(span: Span, code: ErrorCode): void {
  span.setAttribute('error.type', code)
  span.setStatus({ code: SpanStatusCode.ERROR })
}
