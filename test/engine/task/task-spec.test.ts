// The rule: a task that could not be done is refused before anything starts, with the reason.
import { describe, expect, test } from 'vitest'
import { stepId } from '../../../src/core/index.ts'
import { taskSpec } from '../../../src/engine/index.ts'
import { referencesIn, resolveReferences } from '../../../src/engine/task/references.ts'

const step = (id: string, more: object = {}) => ({ id, tool: 'probe', ...more })
const refusal = (steps: readonly object[]) => {
  try {
    taskSpec({ steps })
  } catch (error) {
    return error
  }
  return undefined
}

describe('a task', () => {
  test('has its steps in an order in which they can be done, and what was left out filled in', () => {
    const { steps } = taskSpec({ steps: [step('b', { after: ['a'] }), step('a')] })
    expect(steps.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(steps[0]).toEqual({
      ...{
        id: 'a',
        tool: 'probe',
        input: null,
        after: [],
        priority: 0,
        retries: 0,
        budget: {},
      },
    })
  })

  test('has a step come after those whose values it uses, wherever they stand in its input', () => {
    const input = { list: [1, { $result: 'a' }], deep: { er: { $result: 'b' } } }
    const { steps } = taskSpec({ steps: [step('c', { input, after: ['a'] }), step('a'), step('b')] })
    expect(steps.at(-1)).toMatchObject({ id: 'c', after: ['a', 'b'] })
  })

  test.each([
    ['a cycle, named', [step('a', { after: ['b'] }), step('b', { after: ['a'] })], /a after b after a/],
    ['a cycle of values', [step('a', { input: { $result: 'a' } })], /a after a/],
    ['a step that is missing', [step('a', { after: ['nowhere'] })], /nowhere, which does not exist/],
    ['an id used twice', [step('a'), step('a')], /Two steps are called a/],
    ['a step without a tool', [{ id: 'a' }], /tool/],
    ['a word that nobody knows', [step('a', { retry: 3 })], /retry/],
    [
      'a condition that waits for its own step',
      [step('a', { when: { value: { $result: 'a' }, is: 1 } })],
      /a after a/,
    ],
    ['an input that JSON cannot hold', [step('a', { input: { n: Number.NaN } })], /input/],
    ['no step at all', [], /steps/],
  ])('is refused for %s', (_, steps, why) => {
    expect(refusal(steps)).toMatchObject({ code: 'INVALID_INPUT', message: expect.stringMatching(why) })
  })

  test.each([
    ['more steps', { steps: 1 }, [step('a'), step('b')]],
    ['a step that alone needs more', { tokens: 10 }, [step('a', { budget: { tokens: 6 }, retries: 1 })]],
  ])('whose budget is for less is refused: %s', (_, budget, steps) => {
    expect(() => taskSpec({ budget, steps })).toThrow(expect.objectContaining({ code: 'BUDGET_EXCEEDED' }))
  })

  test('of more than 1500 steps is refused', () => {
    const steps = Array.from({ length: 1501 }, (_, n) => step(`s${n}`))
    expect(refusal(steps)).toMatchObject({ code: 'STEP_LIMIT_EXCEEDED' })
    expect(refusal(steps.slice(1))).toBeUndefined()
  })
})

describe('a reference', () => {
  test('is replaced by the value, and nothing else is', () => {
    const no = ['$result', { $result: 'x', more: 1 }, { $result: 3 }, { $result: 'x', path: 'of' }, null]
    const input = { no, a: { $result: stepId('x') }, b: [{ $result: stepId('x'), path: ['of'] }] }
    expect(referencesIn(input)).toEqual(['x', 'x'])
    expect(resolveReferences(input, (id) => ({ of: id }))).toEqual({ no, a: { of: 'x' }, b: ['x'] })
  })
})
