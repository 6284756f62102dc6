// The rule: the root's key is made once, is read by nobody but its owner, and goes nowhere with its public half.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createRootKey, readRootKey, readRootPublicKey, seedOf } from '../../../src/security/index.ts'

let directory = ''
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'meshswarm-root-')), 'authority')
})
afterEach(() => rmSync(join(directory, '..'), { recursive: true, force: true }))

const modeOf = (file: string) => statSync(join(directory, file)).mode & 0o777

test('it is there for the next one, and its public half without it', () => {
  const root = createRootKey(directory)
  expect(readRootKey(directory).publicKey).toBe(root.publicKey)
  expect(readRootPublicKey(directory)).toBe(root.publicKey)
  expect([modeOf('root.key'), modeOf('root.pub')]).toEqual([0o600, 0o644])
  expect(readFileSync(join(directory, 'root.pub'), 'utf8')).not.toContain(seedOf(root).toString('hex'))
})

test('a second one is refused, and the first stays as it was', () => {
  const root = createRootKey(directory)
  expect(() => createRootKey(directory)).toThrow(expect.objectContaining({ code: 'CONFLICT' }))
  expect(readRootKey(directory).publicKey).toBe(root.publicKey)
  expect(readdirSync(directory).toSorted()).toEqual(['root.key', 'root.pub'])
})

test.each([0o640, 0o604, 0o620, 0o666])('a file of mode %o is refused', (mode) => {
  createRootKey(directory)
  chmodSync(join(directory, 'root.key'), mode)
  expect(() => readRootKey(directory)).toThrow(expect.objectContaining({ code: 'INVALID_CONFIGURATION' }))
})

test('it comes from the environment where it is given there, and the file is not looked at', () => {
  const root = createRootKey(directory)
  chmodSync(join(directory, 'root.key'), 0o666)
  expect(readRootKey(directory, `${seedOf(root).toString('hex')}\n`).publicKey).toBe(root.publicKey)
})

test('no key, half of one and rubbish are refused', () => {
  const refused = expect.objectContaining({ code: 'INVALID_CONFIGURATION' })
  expect(() => readRootKey(directory)).toThrow(refused)
  expect(() => readRootPublicKey(directory)).toThrow(refused)
  expect(() => readRootKey(directory, 'abc')).toThrow(refused)
  createRootKey(directory)
  writeFileSync(join(directory, 'root.pub'), 'ed25519/abc\n')
  expect(() => readRootPublicKey(directory)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
})
