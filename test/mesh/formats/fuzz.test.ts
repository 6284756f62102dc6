import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hasCode, seededRandom } from '../../../src/core/index.ts'
import { gridTopology, parseTopology, TOPOLOGY_FORMATS, writeTopology } from '../../../src/mesh/index.ts'
import { contents } from './contents.ts'
import { DATA_FILES, NO_DATA } from './data.ts'

/** The mesh of a text, or undefined where it is refused as it should be: by INVALID_TOPOLOGY with a place. */
function tryParse(text: string) {
  try {
    return parseTopology(text, { name: 'fuzz' })
  } catch (error) {
    if (!hasCode(error, 'INVALID_TOPOLOGY')) throw error
    expect(error.details).toMatchObject({ file: 'fuzz', where: expect.any(String), what: expect.any(String) })
    return undefined
  }
}

/** A mesh that was let through is whole: every end is a node, and it can be written. */
function checkWhole(text: string, write: boolean): boolean {
  const mesh = tryParse(text)
  if (mesh === undefined) return false
  for (const { a, b } of mesh.links.values())
    expect(mesh.nodes.has(a.node) && mesh.nodes.has(b.node)).toBe(true)
  if (write) {
    for (const format of TOPOLOGY_FORMATS) {
      expect(contents(parseTopology(writeTopology(mesh, format))), format).toEqual(contents(mesh))
    }
  }
  return true
}

/** Cuts, swaps, doubles and overwrites: what disks, editors and interrupted downloads do to files. */
function damage(text: string, seed: number): string {
  const random = seededRandom(seed)
  const at = random.int(text.length + 1)
  const length = random.int(random.chance(0.5) ? 8 : 400)
  const junk = [
    '"',
    '[',
    ']',
    '{',
    '}',
    ',',
    ':',
    '\\',
    '\u0000',
    '-',
    '1e999',
    '&#x110000;',
    '0',
    'null',
    '\ud800',
    ' ',
  ]
  switch (random.int(6)) {
    case 0:
      return text.slice(0, at)
    case 1:
      return text.slice(0, at) + text.slice(at + length)
    case 2:
      return text.slice(0, at) + random.pick(junk) + text.slice(at)
    case 3:
      return text.slice(0, at) + random.pick(junk) + text.slice(at + 1)
    case 4:
      return text.slice(0, at) + text.slice(Math.max(0, at - length), at) + text.slice(at)
    default:
      return text.slice(at) + text.slice(0, at)
  }
}

describe('A damaged file is refused whole with INVALID_TOPOLOGY and a place, or read whole', () => {
  const small = TOPOLOGY_FORMATS.map((format) => writeTopology(gridTopology(3, 2), format))

  it('small files of each format, damaged up to three times', () => {
    let read = 0
    for (let seed = 0; seed < 1500; seed++) {
      const random = seededRandom(`small-${seed}`)
      let text = random.pick(small)
      for (let i = random.int(3); i >= 0; i--) text = damage(text, seed * 4 + i)
      if (checkWhole(text, true)) read++
    }
    expect(read).toBeGreaterThan(50)
  })

  it('real files', ({ skip }) => {
    if (NO_DATA) skip(NO_DATA)
    const files = DATA_FILES.filter(({ text }) => text.length < 300_000)
    for (let seed = 0; seed < 500; seed++) {
      const file = seededRandom(`real-${seed}`).pick(files)
      checkWhole(damage(file.text, seed), file.text.length < 20_000)
    }
  })

  it('any text and any JSON at all', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => void tryParse(text)),
      { numRuns: 1000 },
    )
    fc.assert(
      fc.property(fc.json(), (text) => void tryParse(text)),
      { numRuns: 1000 },
    )
    const id = fc.constantFrom('a', 'b', '__proto__', '', 1, null)
    const record = fc.record(
      {
        node_id: id,
        id,
        source: id,
        target: id,
        source_tq: fc.anything(),
        cost: fc.anything(),
        meshswarm: fc.anything(),
      },
      { requiredKeys: [] },
    )
    const graph = fc.record(
      {
        type: fc.constant('NetworkGraph'),
        timestamp: fc.anything(),
        nodes: fc.array(record),
        links: fc.array(record),
      },
      { requiredKeys: ['nodes', 'links'] },
    )
    fc.assert(
      fc.property(graph, (value) => void checkWhole(JSON.stringify(value), true)),
      { numRuns: 1500 },
    )
  })

  it('nesting without end, and a number that no computer holds', () => {
    const deep = 100_000
    for (const text of [
      '['.repeat(deep),
      '{"a":'.repeat(deep),
      `graph [ ${'a [ '.repeat(deep)}`,
      `{"nodes":[{"node_id":"a","x":${'['.repeat(deep)}${']'.repeat(deep)}}],"links":[],"timestamp":""}`,
      'graph [ node [ id 1e999 ] ]',
      `graph [ node [ id 1 label "${'x'.repeat(1_000_000)} ] ]`,
    ]) {
      tryParse(text)
    }
  })
})
