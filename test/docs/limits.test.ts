import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DEFAULT_MAPEK_OPTIONS } from '../../src/mapek/index.ts'
import { DEFAULT_LIMITS_OPTIONS, DEFAULT_ORACLE_OPTIONS } from '../../src/security/index.ts'

test('docs/LIMITS.md lists every threshold of the loop with its default', () => {
  const text = readFileSync(new URL('../../docs/LIMITS.md', import.meta.url), 'utf8')
  const rows = [...text.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)].map(([, name, value]) => [
    name,
    value?.trim(),
  ])
  const options = Object.entries(DEFAULT_MAPEK_OPTIONS).map(([name, value]) => [name, String(value)])
  expect(rows).toEqual(options)
})

test('docs/LIMITS.md lists every figure of the limits of authority and of the oracle', () => {
  const text = readFileSync(new URL('../../docs/LIMITS.md', import.meta.url), 'utf8')
  const rows = [...text.matchAll(/^\| [^`|]+\(`(\w+)`\) \| ([\d.]+) \|/gm)].map(([, name, value]) => [
    name,
    value,
  ])
  const { neverSuspend: _, ...oracle } = DEFAULT_ORACLE_OPTIONS
  const options = Object.entries({ ...DEFAULT_LIMITS_OPTIONS, ...oracle })
  expect(rows).toEqual(options.map(([name, value]) => [name, String(value)]))
})
