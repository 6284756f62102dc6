import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DEFAULT_MAPEK_OPTIONS } from '../../src/mapek/index.ts'

test('docs/LIMITS.md lists every threshold of the loop with its default', () => {
  const text = readFileSync(new URL('../../docs/LIMITS.md', import.meta.url), 'utf8')
  const rows = [...text.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)].map(([, name, value]) => [
    name,
    value?.trim(),
  ])
  const options = Object.entries(DEFAULT_MAPEK_OPTIONS).map(([name, value]) => [name, String(value)])
  expect(rows).toEqual(options)
})
