import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ERROR_CODES } from '../../src/core/index.ts'

const document = readFileSync(join(import.meta.dirname, '../../docs/ERRORS.md'), 'utf8')

describe('docs/ERRORS.md says what the code says', () => {
  const rows = [...document.matchAll(/^\| `([A-Z_]+)` \|(.*)\|$/gm)].map(([, code, rest = '']) => {
    const [kind, http, retryable, meaning, help] = rest.split('|').map((cell) => cell.trim())
    return { code, kind, httpStatus: Number(http), retryable: retryable === 'yes', meaning, help }
  })

  it('lists every code once, in the order of the code, and no other', () => {
    expect(rows.map((row) => row.code)).toEqual(Object.keys(ERROR_CODES))
  })

  it('gives every code its kind, status, retry rule and what to do, and a meaning of its own', () => {
    const told = rows.map(({ code, meaning: _, ...info }) => [code, info])
    expect(told).toEqual(Object.entries(ERROR_CODES))
    expect(rows.filter((row) => !row.meaning)).toEqual([])
  })
})
