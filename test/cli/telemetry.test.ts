// The rule: a trace and metrics are written where somebody asks for them, whatever became of the task.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RealClock } from '../../src/core/index.ts'
import { meshswarm as program } from './harness.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'meshswarm-telemetry-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const path = (name: string) => join(directory, name)
function meshswarm(...argv: readonly string[]) {
  return program([...argv, '--store', path('tasks.db')], { clock: new RealClock() })
}

test('run writes the spans of a task that failed, and what there is to count', async () => {
  writeFileSync(path('t.yaml'), "name: survey\nsteps: [{ id: a, tool: command, input: { argv: ['false'] } }]")
  const { code } = await meshswarm(
    ...['run', path('t.yaml')],
    ...['--trace', path('trace.jsonl'), '--metrics', path('metrics.prom')],
  )
  expect(code).toBe(1)
  const lines = readFileSync(path('trace.jsonl'), 'utf8').trim().split('\n')
  const spans = lines.map((line) => JSON.parse(line).resourceSpans[0].scopeSpans[0].spans[0])
  expect(spans.map(({ name }) => name)).toEqual([
    'submit_task',
    'execute_tool command',
    'invoke_workflow survey',
  ])
  const metrics = readFileSync(path('metrics.prom'), 'utf8')
  expect(metrics).toContain('meshswarm_tasks_total{outcome="failed"} 1')
  expect(metrics).toContain('meshswarm_steps_total{state="failed",code="UNAVAILABLE"} 1')
  expect(readdirSync(directory)).not.toContain('metrics.prom.new')
})

test.each(['--trace', '--metrics'])('run does nothing where %s cannot be written', async (flag) => {
  writeFileSync(path('t.yaml'), 'steps: [{ id: a, tool: value }]')
  const { code, err } = await meshswarm('run', path('t.yaml'), flag, path('no/file'))
  expect([code, err]).toEqual([2, expect.stringMatching(/INVALID_INPUT: .*no.file cannot be written/)])
  expect(existsSync(path('tasks.db'))).toBe(false)
})

test('run says where the metrics could not be written after all', async () => {
  const input = `{ argv: [mkdir, ${path('metrics.prom.new')}] }`
  writeFileSync(path('t.yaml'), `steps: [{ id: a, tool: command, input: ${input} }]`)
  const { code, out, err } = await meshswarm('run', path('t.yaml'), '--metrics', path('metrics.prom'))
  expect(out).toContain('t: succeeded')
  expect([code, err]).toEqual([1, expect.stringMatching(/UNAVAILABLE: .*metrics.prom cannot be written/)])
})

test('run writes neither where nobody asks', async () => {
  writeFileSync(path('t.yaml'), 'steps: [{ id: a, tool: value }]')
  await meshswarm('run', path('t.yaml'))
  expect(readdirSync(directory).filter((name) => !name.startsWith('t'))).toEqual([])
})
