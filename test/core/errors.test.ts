// The rule: every failure has a stable code, keeps its meaning over HTTP, and is known in every copy of the package.
import { describe, expect, test } from 'vitest'
import {
  attempt,
  ERROR_CODES,
  type ErrorCode,
  fromUnknown,
  isMeshSwarmError,
  meshSwarmError,
  toErrorBody,
} from '../../src/core/index.ts'

const codes = Object.keys(ERROR_CODES) as ErrorCode[]

describe.each(codes)('%s', (code) => {
  test('carries the row of the table', () => {
    const { kind, httpStatus, retryable, help } = ERROR_CODES[code]
    expect(meshSwarmError(code, 'what and what to do')).toMatchObject({ code, kind, httpStatus, retryable })
    expect(httpStatus).toBeGreaterThanOrEqual(400)
    expect(help).toMatch(/\.$/)
  })

  test('survives the way over HTTP as a body', () => {
    const error = meshSwarmError(code, 'message', { details: { node: 'n1' }, cause: new Error('secret') })
    const body: unknown = JSON.parse(JSON.stringify(toErrorBody(error)))
    expect(body).toEqual({ error: { code, message: 'message', details: { node: 'n1' } } })
  })
})

describe('recognition', () => {
  test('knows the errors of another copy of the package', async () => {
    const copy = (await import(
      `../../src/core/errors.ts?copy=${'2'}`
    )) as typeof import('../../src/core/errors.ts')
    const foreign = copy.meshSwarmError('TIMEOUT', 'from afar')
    expect(isMeshSwarmError(foreign)).toBe(true)
    expect(fromUnknown(foreign)).toBe(foreign)
  })

  test.each([undefined, null, 'text', {}, new Error('x'), { code: 'TIMEOUT' }])(
    '%s is none of ours',
    (value) => {
      expect(isMeshSwarmError(value)).toBe(false)
    },
  )
})

describe('fromUnknown', () => {
  test('an abort is CANCELLED, a timeout of a signal TIMEOUT', async () => {
    expect(fromUnknown(AbortSignal.abort().reason)).toMatchObject({ code: 'CANCELLED' })
    const signal = AbortSignal.timeout(1)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    expect(fromUnknown(signal.reason)).toMatchObject({ code: 'TIMEOUT' })
  })

  test.each([new TypeError('x is undefined'), 'text', undefined, Object.create(null), Symbol('s')])(
    'anything else is INVARIANT with its cause: case %#',
    (thrown) => {
      const error = fromUnknown(thrown)
      expect(error).toMatchObject({ code: 'INVARIANT', httpStatus: 500 })
      expect(error.cause).toBe(thrown)
    },
  )

  test('attempt turns what is thrown into a value', async () => {
    expect(await attempt(() => 1)).toEqual({ ok: true, value: 1 })
    const failed = await attempt(() => Promise.reject(meshSwarmError('CONFLICT', 'x', { retryAfterMs: 5 })))
    expect(failed).toMatchObject({ ok: false, error: { code: 'CONFLICT', retryAfterMs: 5 } })
  })
})
