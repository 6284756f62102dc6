import fc from 'fast-check'
import { expect, test } from 'vitest'
import { packAnswers, packRequests, unpackAnswers, unpackRequests } from '../../src/store/sqlite/packed.ts'
import type { Answer, Request } from '../../src/store/sqlite/protocol.ts'

const value = fc.oneof(
  fc.string(),
  fc.double(),
  fc.bigInt(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 4 }),
)
const call = fc.record({
  statement: fc.nat(50),
  params: fc.array(value, { maxLength: 4 }),
  changes: fc.option(fc.nat(3), { nil: undefined }),
})
const request: fc.Arbitrary<Request> = fc.oneof(
  fc.record({ kind: fc.constant('write' as const), calls: fc.array(call, { maxLength: 4 }) }),
  fc.record({ kind: fc.constant('read' as const), call }),
  fc.record({ kind: fc.constant('copy' as const), file: fc.string() }),
  fc.record({ kind: fc.constant('shrink' as const), pages: fc.nat() }),
)
const rows = fc
  .uniqueArray(fc.constantFrom('seq', 'step', 'rows', 'changes', 'code'), { minLength: 1 })
  .chain((columns) =>
    fc.array(fc.record(Object.fromEntries(columns.map((column) => [column, value]))), { maxLength: 3 }),
  )
const answer: fc.Arbitrary<Answer> = fc.oneof(
  rows,
  fc.array(fc.record({ changes: fc.nat(), rows }), { minLength: 1, maxLength: 3 }),
  fc.record({ code: fc.constantFrom('CONFLICT' as const, 'UNAVAILABLE' as const), message: fc.string() }),
)

test('whatever is asked and answered arrives as it was', () => {
  fc.assert(
    fc.property(fc.array(request), fc.array(answer), (requests, answers) => {
      expect(unpackRequests(structuredClone({ ...packRequests(requests) }))).toEqual(requests)
      expect(unpackAnswers(structuredClone({ ...packAnswers(answers) }))).toEqual(answers)
    }),
  )
})
