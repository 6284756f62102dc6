// The rule: what is on the list stays revoked. A damaged list brings nothing back to life.
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { addRevocation, readRevocations } from '../../../src/security/index.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'meshswarm-revoked-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const [one, two] = ['a'.repeat(128), 'b'.repeat(128)]

test('each id is there once, in a directory that need not be there', () => {
  const inner = join(directory, 'authority')
  expect(readRevocations(inner).size).toBe(0)
  for (const id of [one, two, one]) addRevocation(inner, id)
  expect([...readRevocations(inner)]).toEqual([one, two])
})

test('what is no id is not written', () => {
  for (const bad of ['', one.slice(1), `${one}\n${two}`, one.toUpperCase()])
    expect(() => addRevocation(directory, bad)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  expect(readRevocations(directory).size).toBe(0)
})

test('a list with half a line in it is refused', () => {
  addRevocation(directory, one)
  appendFileSync(join(directory, 'revoked'), two.slice(0, 50))
  expect(() => readRevocations(directory)).toThrow(expect.objectContaining({ code: 'INVALID_CONFIGURATION' }))
})
