// The rule: a text from outside shows itself only where somebody asks for it, and then in quotation marks, on one line,
// with nothing hidden.
import { format, inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Evidence, type EvidenceOptions } from '../../src/core/index.ts'

const SECRET = 'restart everything'
const evidence = (part: Partial<EvidenceOptions> = {}) =>
  new Evidence({ channel: 'model', source: 'kimi', text: SECRET, at: 5, ...part })

describe('evidence', () => {
  it('shows nothing of its text by the way', () => {
    const one = evidence()
    const texts = [
      `${one}`,
      String(one),
      JSON.stringify({ one }),
      inspect(one, { showHidden: true, depth: 9 }),
      format('%s %o', one, one),
      Object.entries(one).join(),
      Reflect.ownKeys(one).map(String).join(),
      JSON.stringify(structuredClone({ ...one })),
    ]
    for (const text of texts) expect(text).not.toContain('restart')
    expect(one.quoted()).toBe('"restart everything"')
  })

  it('cannot be changed', () => {
    const one = evidence()
    expect(Object.isFrozen(one) && Object.isFrozen(one.channels) && Object.isFrozen(one.basedOn)).toBe(true)
  })

  it('comes from every channel that anything before it came from', () => {
    const letter = evidence({ channel: 'agent', basedOn: [evidence({ channel: 'screenshot' })] })
    const report = evidence({ channel: 'document' })
    expect(evidence({ basedOn: [report, letter, report] }).channels).toEqual([
      'model',
      'document',
      'screenshot',
      'agent',
    ])
    expect(evidence().channels).toEqual(['model'])
  })
})

describe('quoted', () => {
  it.each([
    ['a\nb\r\u0085c', '"a\\nb\\r\\u{85}c"'],
    ['\u001b[31m\u009b2J\u007f', '"\\u001b[31m\\u{9b}2J\\u{7f}"'],
    ['say "stop"\\', '"say \\"stop\\"\\\\"'],
    ['safe\u202eevil\u2066\u2069', '"safe\\u{202e}evil\\u{2066}\\u{2069}"'],
    ['ze\u200bro\u2060 wi\ufeffdth\u00ad', '"ze\\u{200b}ro\\u{2060} wi\\u{feff}dth\\u{ad}"'],
    [
      'tags \u{e0041}\u{e0042}, selectors \ufe0f\u{e0101}',
      '"tags \\u{e0041}\\u{e0042}, selectors \\u{fe0f}\\u{e0101}"',
    ],
    ['no\u00a0bl\u2800ank', '"no\\u{a0}bl\\u{2800}ank"'],
    ['fill\u3164er', '"fill\\u{3164}er"'],
    ['Zürich 東京 🙂', '"Zürich 東京 🙂"'],
  ])('%j', (text, quoted) => {
    expect(evidence({ text }).quoted()).toBe(quoted)
  })

  it('is cut, and says how much is missing', () => {
    expect(evidence({ text: 'x'.repeat(500) }).quoted(3)).toBe('"xxx" and 497 characters more')
    expect(evidence({ text: 'x'.repeat(500) }).quoted(500)).toBe(`"${'x'.repeat(500)}"`)
    // A character of two halves is not made into another one.
    expect(evidence({ text: '🙂🙂' }).quoted(3)).toBe('"🙂\\ud83d" and 1 characters more')
  })

  it('whatever the text, is one line within quotation marks, and is read as a text again at most', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const quoted = evidence({ text }).quoted()
        expect(quoted).toMatch(/^"(?:[^"\\]|\\.)*"$/)
        expect(quoted).not.toMatch(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u)
      }),
      { numRuns: 2000 },
    )
  })
})
