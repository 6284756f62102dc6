// The rule: with an SDK an operation is a span with the names of the GenAI conventions; without one it is nothing at all.
import { SpanKind } from '@opentelemetry/api'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { meshSwarmError } from '../../src/core/index.ts'
import {
  isTracing,
  spanContextOf,
  traced,
  tracedPart,
  traceparent,
  traceparentOf,
  withinTrace,
} from '../../src/telemetry/index.ts'
import { recordSpans, stopRecording } from './spans.ts'

afterEach(stopRecording)

const hex = (length: number) =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length })
    .map((of) => of.join(''))

describe('an operation', () => {
  test('without an SDK is its work and nothing else', async () => {
    const work = Promise.resolve(7)
    expect(isTracing()).toBe(false)
    expect(traced('plan', { subject: 'x' }, () => work)).toBe(work)
    expect(tracedPart('plan', { subject: 'x' }, () => work)).toBe(work)
    expect(traceparent()).toBeUndefined()
  })

  test.each([
    ['chat', 'gen_ai.request.model', SpanKind.CLIENT],
    ['retrieval', 'gen_ai.data_source.id', SpanKind.CLIENT],
    ['invoke_agent', 'gen_ai.agent.name', SpanKind.INTERNAL],
  ] as const)('%s is a span that says by %s what it is about', async (operation, key, kind) => {
    const recorded = recordSpans()
    const attributes = { 'gen_ai.usage.input_tokens': 12 }
    expect(await traced(operation, { subject: 'it', attributes }, async () => 7)).toBe(7)
    expect(recorded.spans()).toMatchObject([
      {
        ...{ name: `${operation} it`, kind },
        attributes: { 'gen_ai.operation.name': operation, [key]: 'it', ...attributes },
      },
    ])
  })

  test('that fails says with which code, and not a word of what it was', async () => {
    const recorded = recordSpans()
    const failing = traced('chat', {}, () =>
      Promise.reject(meshSwarmError('RATE_LIMITED', 'the key is s3cret')),
    )
    await expect(failing).rejects.toThrow('s3cret')
    await expect(traced('plan', {}, async () => JSON.parse('{'))).rejects.toThrow(SyntaxError)
    expect(recorded.tree()).toEqual(['chat !RATE_LIMITED', 'plan !INVARIANT'])
    expect(JSON.stringify(recorded.spans().map(({ status, events }) => [status, events]))).not.toContain(
      's3cret',
    )
  })

  test('within another is a part of it; what is a part only is none by itself', async () => {
    const recorded = recordSpans()
    const part = () => tracedPart('invoke_agent', { subject: 'analyst' }, async () => 1)
    await part()
    await traced('invoke_workflow', { subject: 'w' }, async () => {
      await part()
      await traced('plan', {}, async () => 2)
    })
    expect(recorded.tree()).toEqual(['invoke_workflow w', '  invoke_agent analyst', '  plan'])
  })
})

describe('a traceparent', () => {
  test('names the same span when it is read', () => {
    const contexts = fc.record({
      traceId: hex(32),
      spanId: hex(16),
      traceFlags: fc.integer({ min: 0, max: 255 }),
    })
    fc.assert(
      fc.property(contexts, (found) => {
        expect(spanContextOf(traceparentOf(found))).toEqual({ ...found, isRemote: true })
      }),
    )
  })

  test.each([undefined, '', 'x', '00-1-2-01', `01-${'a'.repeat(32)}-${'b'.repeat(16)}-01`])(
    'is not %j',
    (text) => {
      expect(spanContextOf(text)).toBeUndefined()
      expect(withinTrace(text, () => 7)).toBe(7)
    },
  )

  test('makes the work of one process a part of the span of another', async () => {
    const recorded = recordSpans()
    const there = await traced('invoke_workflow', {}, async () => traceparent())
    await withinTrace(there, () => traced('execute_tool', { subject: 'echo' }, async () => 1))
    expect(recorded.tree()).toEqual(['invoke_workflow', '  execute_tool echo'])
  })
})
