// The rule: the product learns of a fault through its drivers only. Nothing under src/ can see the injector, its
// state or the names of its faults.
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CATALOGUE } from '../../lab/faults/index.ts'
import { knowledgeOf } from './blindness.ts'
import { importsOf, readSources } from './imports.ts'

const faultIds = CATALOGUE.map(({ id }) => id)
const sources = readSources(join(import.meta.dirname, '../..'), ['src'])

describe('src/', () => {
  test('was read, and so was the catalogue', () => {
    expect(sources.length).toBeGreaterThan(15)
    expect(faultIds).toEqual(
      expect.arrayContaining(['black-hole', 'silent-cut', 'route-hijack', 'partition']),
    )
  })

  test('imports nothing from the lab', () => {
    const seen = sources.flatMap(({ file, source }) => importsOf(file, source))
    expect(seen.filter(({ to }) => to.startsWith('lab/'))).toEqual([])
  })

  test.each(sources)('$file knows no fault by name and no path of the injector', ({ source }) => {
    expect(knowledgeOf(source, faultIds)).toEqual([])
  })
})

describe('the checker finds planted knowledge', () => {
  test.each([
    [`if (cause === 'black-hole') repair()`, 'black-hole'],
    [`const causes = { "grey-forwarding": 1 }`, 'grey-forwarding'],
    ['const id = `probable mtu-black-hole here`', 'mtu-black-hole'],
    [`kind: 'partition'`, 'partition'],
    [`readFile('/run/meshswarm/lab/private/faults/1.json')`, '/private\\/(lab|faults)/'],
    [`join(stateDir, 'private')`, '/[\'"`]private[\'"`]/'],
    [`rules.includes('ms_')`, '/[\'"`]ms_/'],
  ])('%s', (source, found) => {
    expect(knowledgeOf(source, faultIds)).toContain(found)
  })

  test('and lets plain English and longer words pass', () => {
    const source = `// a black-hole in a comment
      throw error('the network is in a partition: no-black-hole-x')`
    expect(knowledgeOf(source, faultIds)).toEqual([])
  })
})
