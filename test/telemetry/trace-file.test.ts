// The rule: a trace is in its file as far as it went, and a disk that fails stops nothing but the trace.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { trace } from '@opentelemetry/api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isTracing, traced, traceToFile } from '../../src/telemetry/index.ts'
import { recordSpans, stopRecording } from './spans.ts'

let directory = ''
let file = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'meshswarm-trace-'))
  file = join(directory, 'trace.jsonl')
})
afterEach(() => {
  stopRecording()
  rmSync(directory, { recursive: true, force: true })
})

test('each span is a line, behind those of the last run', async () => {
  for (const name of ['first', 'second']) {
    const tracing = await traceToFile(file)
    await traced('plan', { subject: name }, async () => 1)
    await tracing.close()
  }
  await traced('plan', { subject: 'untold' }, async () => 1)
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  const spans = lines.map((line) => JSON.parse(line).resourceSpans[0].scopeSpans[0].spans[0])
  expect(spans).toMatchObject([{ name: 'plan first' }, { name: 'plan second' }])
  expect(isTracing()).toBe(false)
})

test('a file that cannot be written is refused, and nothing is traced', async () => {
  await expect(traceToFile(join(directory, 'no', 'file'))).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  expect(isTracing()).toBe(false)
})

test('beside an SDK that is registered it is refused, and that one stays', async () => {
  const recorded = recordSpans()
  await expect(traceToFile(file)).rejects.toMatchObject({ code: 'CONFLICT' })
  await traced('plan', {}, async () => 1)
  expect(recorded.tree()).toEqual(['plan'])
})

test('a full disk is said at the end, and the work goes on', async (ctx) => {
  ctx.skip(!existsSync('/dev/full'), 'this machine has no /dev/full')
  const tracing = await traceToFile('/dev/full')
  for (const subject of ['a', 'b']) {
    expect(await traced('plan', { subject }, async () => subject)).toBe(subject)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await expect(tracing.close()).rejects.toMatchObject({ code: 'UNAVAILABLE', message: /ENOSPC/ })
  expect(trace.getActiveSpan()).toBeUndefined()
})
