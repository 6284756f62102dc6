import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { METRICS, type MetricDefinition, Metrics } from '../../src/telemetry/index.ts'

const definitions: readonly (readonly [string, MetricDefinition])[] = Object.entries(METRICS)

test('docs/METRICS.md lists every metric with its type, labels and meaning, and no other', () => {
  const text = readFileSync(new URL('../../docs/METRICS.md', import.meta.url), 'utf8')
  const rows = [...text.matchAll(/^\| `(meshswarm_\w+)` \|(.*)\|$/gm)].map(([, name, rest = '']) => [
    name,
    ...rest.split('|').map((cell) => cell.trim()),
  ])
  expect(rows).toEqual(
    definitions.map(([name, { type, labels, help }]) => [
      ...[name, type, labels.map((label) => `\`${label}\``).join(', ')],
      help,
    ]),
  )
})

test('every metric is registered once, in a registry of its own', async () => {
  const [one, other] = [await Metrics.open(), await Metrics.open()]
  one.count('meshswarm_tasks_total', { outcome: 'failed' })
  const types = [...(await other.text()).matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => [
    name,
    type,
  ])
  expect(types).toEqual(definitions.map(([name, { type }]) => [name, type]))
  expect(await other.text()).not.toContain('outcome="failed"')
})

test('the names are what Prometheus asks for: totals of counters, seconds of times', () => {
  for (const [name, { type }] of definitions) {
    expect(name).toMatch(/^meshswarm_[a-z_]+$/)
    expect(name.endsWith('_total')).toBe(type === 'counter')
    expect(name.endsWith('_seconds')).toBe(type === 'histogram')
  }
})
