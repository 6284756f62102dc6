import { describe, expect, it } from 'vitest'
import { table } from '../../src/cli/table.ts'
import { duration, plural, printable, someOf, spellHidden } from '../../src/cli/text.ts'

const paint = (text: string) => `<${text}>`
const plain = { paintTitle: (text: string) => text, width: Number.POSITIVE_INFINITY }

describe('A table is aligned whatever the script, and never wider than it may be', () => {
  it('counts columns of the terminal, not characters: wide, combining and painted ones', () => {
    const rows = [
      ['北京', '1'],
      ['e\u0301a', '22'],
      [{ text: 'ab', paint }, '3'],
    ]
    expect(table([{ title: 'n' }, { title: 'v', align: 'right' }], rows, plain)).toEqual([
      'n      v',
      '北京   1',
      'e\u0301a    22',
      '<ab>     3',
    ])
  })

  it('cuts a column at its widest, and the filling one at the end of the line', () => {
    const rows = [['a long name here', 'x'.repeat(50)]]
    const columns = [
      { title: 'name', max: 8 },
      { title: 'rest', fill: true },
    ]
    const lines = table(columns, rows, { ...plain, width: 40 })
    expect(lines[1]).toBe(`a long…   ${'x'.repeat(29)}…`)
    expect(lines[1]?.length).toBe(40)
  })
})

describe('Words for figures', () => {
  it('plural, some of many, and how long', () => {
    expect([plural(0, 'node'), plural(1, 'node'), plural(1234, 'node')]).toEqual([
      'no nodes',
      '1 node',
      '1,234 nodes',
    ])
    expect([someOf(['a', 'b'], 2), someOf(['a', 'b', 'c'], 2)]).toEqual(['a, b', 'a, b and 1 more'])
    const day = 86_400_000
    expect([0, 60_000, 7_200_000, 3 * day, 1000 * day].map(duration)).toEqual([
      'under a minute',
      '1 minute',
      '2 hours',
      '3 days',
      '2.7 years',
    ])
  })

  it('nothing in a name steers the terminal', () => {
    expect(printable('a\u001b]0;x\u0007\u202eb\n')).toBe('a\ufffd]0;x\ufffd\ufffdb\ufffd')
  })

  it('nor in JSON, which stays the same value', () => {
    const value = { 'a\u202e': ['\u009b2J\u007f', 'tag \u{e0041}', '\u2028', 'Zürich 🙂', '\ud800'] }
    const spelt = spellHidden(JSON.stringify(value, null, 2))
    expect(spelt).not.toMatch(/[\u007f-\u009f\p{Cf}\u2028]/u)
    expect(spelt).toContain('Zürich 🙂')
    expect(JSON.parse(spelt)).toEqual(value)
  })
})
