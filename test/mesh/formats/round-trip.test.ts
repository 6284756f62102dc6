import { describe, expect, it } from 'vitest'
import { parseTopology, TOPOLOGY_FORMATS, writeTopology } from '../../../src/mesh/formats/index.ts'
import { contents } from './contents.ts'
import { DATA_FILES, NO_DATA } from './data.ts'

describe('A real file, read, written and read again, is the same mesh', () => {
  it('has files to prove it on', ({ skip }) => {
    if (NO_DATA) skip(NO_DATA)
    expect(DATA_FILES.length).toBeGreaterThan(90)
  })

  for (const { name, text } of DATA_FILES) {
    it(`${name}, through every format`, () => {
      const original = parseTopology(text, { name, observedAt: 1234 })
      for (const format of TOPOLOGY_FORMATS) {
        const written = writeTopology(original, format)
        const back = parseTopology(written, { name: 'other name', observedAt: 99 })
        expect(contents(back), format).toEqual(contents(original))
      }
    })
  }
})
