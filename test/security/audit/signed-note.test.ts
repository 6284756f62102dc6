// The rule: a note says what its key has signed, to the last byte, and nothing else opens.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { signCheckpoint } from '../../../src/security/audit/checkpoint.ts'
import { leafHash } from '../../../src/security/audit/merkle.ts'
import { NoteSigner, NoteVerifier, openCheckpoint } from '../../../src/security/index.ts'

const signer = NoteSigner.generate('example.org/log')
const { verifier } = signer
const INVALID = expect.objectContaining({ code: 'INVALID_INPUT' })

/** From the documentation of golang.org/x/mod/sumdb/note, whose form of keys and notes this is. */
const GO = {
  secret: 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz',
  public: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  text: "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n",
  note: "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
}

describe('a note of another implementation', () => {
  test('opens with its public key', () => {
    expect(NoteVerifier.parse(GO.public).open(GO.note)).toBe(GO.text)
  })

  test('comes out of its private key, byte for byte', () => {
    const other = NoteSigner.parse(GO.secret)
    expect([other.verifier.text, other.secret, other.sign(GO.text)]).toEqual([GO.public, GO.secret, GO.note])
  })
})

test('keys survive being written down', () => {
  expect(NoteSigner.parse(signer.secret).secret).toBe(signer.secret)
  expect(NoteVerifier.parse(verifier.text).text).toBe(verifier.text)
})

test('what is no key is refused, a changed one and the wrong half included', () => {
  const changed = (text: string) => `${text.slice(0, -5)}${text.at(-5) === 'A' ? 'B' : 'A'}${text.slice(-4)}`
  for (const text of ['', 'x', verifier.text.slice(1), changed(verifier.text), signer.secret])
    expect(() => NoteVerifier.parse(text), text).toThrow(INVALID)
  for (const text of ['', verifier.text, changed(signer.secret)])
    expect(() => NoteSigner.parse(text), text).toThrow(INVALID)
  expect(() => NoteSigner.generate('a b')).toThrow(INVALID)
})

test('a note with any byte changed, dropped or added does not open, or opens to the same text', () => {
  const note = signer.sign('one\n\ntwo\n')
  const bytes = Buffer.from(note)
  fc.assert(
    fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, xor) => {
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] ?? 0) ^ xor
      for (const changed of [flipped, Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)])])
        expect(verifier.open(changed.toString())).toBeUndefined()
    }),
  )
  expect(verifier.open(note)).toBe('one\n\ntwo\n')
})

describe('other signatures', () => {
  const text = 'text\n'
  const stranger = NoteSigner.generate('example.org/witness')
  const line = (of: NoteSigner) => of.sign(text).slice(text.length + 1)

  test('of unknown keys are passed over', () => {
    expect(verifier.open(`${text}\n${line(stranger)}${line(signer)}`)).toBe(text)
    expect(verifier.open(`${text}\n${line(stranger)}`)).toBeUndefined()
  })

  test('of the key itself must all be good', () => {
    const bad = signer.sign('other\n').slice('other\n'.length + 1)
    expect(verifier.open(`${text}\n${line(signer)}${bad}`)).toBeUndefined()
  })

  test('of a key with the same name are not taken for it', () => {
    expect(verifier.open(NoteSigner.generate(verifier.name).sign(text))).toBeUndefined()
  })
})

describe('a checkpoint', () => {
  const head = { origin: 'example.org/log/1', size: 7, root: leafHash('x') }

  test('says which log, how large, with which root', () => {
    expect(openCheckpoint(signCheckpoint(head, signer), verifier)).toEqual(head)
    expect(openCheckpoint(signCheckpoint(head, signer), NoteSigner.generate('a').verifier)).toBeUndefined()
  })

  test('in any other form is none', () => {
    const root = head.root.toString('base64')
    for (const text of [
      `\n7\n${root}\n`,
      `o\n07\n${root}\n`,
      `o\n-7\n${root}\n`,
      `o\n7.5\n${root}\n`,
      `o\n7\n${root.slice(4)}\n`,
      `o\n7\n${root}\nextension\n`,
      `o\n7\n`,
      `o\n7\n${root.slice(0, -1)}\n`,
    ])
      expect(openCheckpoint(signer.sign(text), verifier), text).toBeUndefined()
  })
})
