// The rule: what the root has signed stays revoked, and nothing else is. A damaged list brings nothing back to life.
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  addRevocation,
  keyPair,
  openRevocation,
  readRevocations,
  readSignedRevocations,
  signEpoch,
  signRevocation,
} from '../../../src/security/index.ts'
import { HOLDER, ROOT } from './support.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'meshswarm-revoked-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const [one, two] = ['a'.repeat(128), 'b'.repeat(128)]
const root = ROOT.publicKey
const code = (name: string) => expect.objectContaining({ code: name })
const list = () => join(directory, 'revoked')

describe('a signed revocation', () => {
  test('is opened by the root that signed it, and by no other', () => {
    const signed = signRevocation(one, ROOT)
    expect(openRevocation(JSON.parse(JSON.stringify(signed)), root)).toEqual(signed)
    expect(() => openRevocation(signed, HOLDER.publicKey)).toThrow(code('ACTION_DENIED'))
    expect(() => openRevocation(signRevocation(one, keyPair()), root)).toThrow(code('ACTION_DENIED'))
    expect(() => openRevocation({ ...signed, revoked: two }, root)).toThrow(code('ACTION_DENIED'))
  })

  test.each([undefined, null, one, {}, { revoked: one }, { ...signRevocation(one, ROOT), more: 1 }])(
    'is not %s',
    (value) => expect(() => openRevocation(value, root)).toThrow(code('INVALID_INPUT')),
  )

  test('is not what the root has signed of something else', () => {
    const { signature } = signEpoch({ number: 1, state: 'running', issuedAt: 0, reason: one }, ROOT)
    expect(() => openRevocation({ revoked: one, signature }, root)).toThrow(code('ACTION_DENIED'))
  })

  test('cannot be made of what is no id', () => {
    for (const bad of ['', one.slice(1), `${one}\n${two}`, one.toUpperCase()])
      expect(() => signRevocation(bad, ROOT)).toThrow(code('INVALID_INPUT'))
  })
})

describe('the list', () => {
  test('has each of them once, in a directory that need not be there', () => {
    const inner = join(directory, 'authority')
    expect(readRevocations(inner, root).size).toBe(0)
    for (const id of [one, two, one]) addRevocation(inner, signRevocation(id, ROOT), root)
    expect([...readRevocations(inner, root)]).toEqual([one, two])
    expect(readSignedRevocations(inner, root)).toEqual([signRevocation(one, ROOT), signRevocation(two, ROOT)])
  })

  test('takes nothing that the root has not signed', () => {
    expect(() => addRevocation(directory, signRevocation(one, HOLDER), root)).toThrow(code('ACTION_DENIED'))
    expect(() => addRevocation(directory, { revoked: one }, root)).toThrow(code('INVALID_INPUT'))
    expect(readRevocations(directory, root).size).toBe(0)
  })

  test.each([
    ['an id that nobody has signed', `${two}\n`],
    ['half a line', JSON.stringify(signRevocation(two, ROOT)).slice(0, 50)],
    ['a line of another root', `${JSON.stringify(signRevocation(two, HOLDER))}\n`],
    ['an empty line', '\n'],
  ])('with %s in it is refused, and nothing is added to it', (_, text) => {
    addRevocation(directory, signRevocation(one, ROOT), root)
    appendFileSync(list(), text)
    const before = readFileSync(list(), 'utf8')
    expect(() => readRevocations(directory, root)).toThrow(code('INVALID_CONFIGURATION'))
    expect(() => readRevocations(directory, root)).toThrow('line 2')
    expect(() => addRevocation(directory, signRevocation(two, ROOT), root)).toThrow(
      code('INVALID_CONFIGURATION'),
    )
    expect(readFileSync(list(), 'utf8')).toBe(before)
  })

  test('in which a bit has changed is refused, or says the same', () => {
    for (const id of [one, two]) addRevocation(directory, signRevocation(id, ROOT), root)
    const bytes = readFileSync(list())
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const changed = Buffer.from(bytes)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        writeFileSync(list(), changed)
        try {
          expect([...readRevocations(directory, root)]).toEqual([one, two])
        } catch (error) {
          expect(error).toEqual(code('INVALID_CONFIGURATION'))
        }
      }),
      { numRuns: 300 },
    )
  })
})
