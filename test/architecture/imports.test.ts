// The rule: a folder under src/ imports only from lower floors, through their doors, without cycles; src/ never
// sees lab/, bench/ or test/.
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findCycle, importsOf, readSources, specifiersOf, violationOf } from './imports.ts'

const ROOT = join(import.meta.dirname, '../..')
const sources = readSources(ROOT, ['src', 'lab', 'bench', 'bin'])
const imports = sources.flatMap(({ file, source }) => importsOf(file, source))

describe('this repository', () => {
  test('was read', () => {
    expect(sources.some(({ file }) => file === 'src/core/index.ts')).toBe(true)
    expect(imports.length).toBeGreaterThan(20)
  })

  test('imports downwards and through doors only', () => {
    expect(imports.map(violationOf).filter((found) => found !== undefined)).toEqual([])
  })

  test('has no cycle among its files, types included', () => {
    expect(findCycle(imports)).toBeUndefined()
  })

  test('core imports nothing from outside itself', () => {
    const core = sources.filter(({ file }) => file.startsWith('src/core/'))
    const outside = core
      .flatMap(({ source }) => specifiersOf(source))
      .filter((name) => !name.startsWith('./'))
    expect(outside).toEqual([])
  })
})

describe('the checker finds a planted violation', () => {
  test.each([
    ['src/core/a.ts', `import { x } from '../mesh/index.ts'`],
    ['src/mesh/a.ts', `import type { X } from '../engine/index.ts'`],
    ['src/mapek/a.ts', `export * from '../mesh/model.ts'`],
    ['src/mapek/a.ts', `const x = await import('../mesh/model.ts')`],
    ['src/mapek/deep/a.ts', `import {\n  a,\n  b,\n} from '../../cli/index.ts'`],
    ['src/mapek/a.ts', `import{a}from'../rag/index.ts'`],
    ['src/mesh/drivers/sim/a.ts', `import '../../../../lab/faults/index.ts'`],
    ['src/cli/a.ts', `import { bench } from '../../bench/main.ts'`],
    ['src/cli/a.ts', `new Worker(new URL('../../test/worker.ts', import.meta.url))`],
    ['src/strange/a.ts', `import { x } from '../core/index.ts'`],
    ['src/loose.ts', `import { x } from './core/index.ts'`],
    ['lab/a.ts', `import { x } from '../src/mesh/drivers/sim/index.ts'`],
    ['lab/a.ts', `import { x } from '../bench/main.ts'`],
  ])('%s: %s', (file, source) => {
    expect(importsOf(file, source).map(violationOf)).toEqual([expect.any(String)])
  })

  test('and accepts what is allowed', () => {
    const allowed = [
      importsOf('src/mapek/a.ts', `import { Clock } from '../core/index.ts'\nimport { b } from './b.ts'`),
      importsOf('src/cli/a.ts', `import { b } from '../mapek/index.ts'`),
      importsOf('lab/a.ts', `import { c } from '../src/cli/index.ts'\nimport fs from 'node:fs'`),
      importsOf('test/a.ts', `import { c } from '../src/core/heap.ts'`),
      importsOf('src/core/a.ts', `// import { x } from '../mesh/index.ts'\n/* import '../cli/x.ts' */`),
    ].flat()
    expect(allowed).toHaveLength(5)
    expect(allowed.map(violationOf).filter((found) => found !== undefined)).toEqual([])
  })

  test('a cycle over several files', () => {
    const ring = [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'c' },
      { from: 'c', to: 'a' },
    ]
    expect(findCycle([{ from: 'x', to: 'a' }, ...ring])).toEqual(['a', 'b', 'c', 'a'])
    expect(findCycle(ring.slice(0, 2))).toBeUndefined()
    expect(findCycle([...ring.slice(0, 2), { from: 'c', to: 'a', started: true }])).toBeUndefined()
  })
})
