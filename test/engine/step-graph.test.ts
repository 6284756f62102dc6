import { expect, it } from 'vitest'
import { VirtualClock } from '../../src/core/index.ts'
import { MAX_STEPS, stepGraph } from '../../src/engine/index.ts'
import { ids, run, sleeper } from './support.ts'

const clock = new VirtualClock()
const step = (id: string, ...after: string[]) => sleeper(clock, id, 1, after)

it('refuses a cycle before anything starts, and names it', () => {
  const steps = [step('start'), step('a', 'c', 'start'), step('b', 'a'), step('c', 'b'), step('end', 'c')]
  expect(() => stepGraph(steps)).toThrow(
    expect.objectContaining({ code: 'INVALID_INPUT', details: { cycle: ids('a', 'c', 'b', 'a') } }),
  )
  expect(() => stepGraph([step('a', 'a')])).toThrow('a after a')
})

it('refuses a dependency that does not exist, and an id used twice', () => {
  expect(() => stepGraph([step('a', 'b')])).toThrow('Step a comes after b, which does not exist.')
  expect(() => stepGraph([step('a'), step('a')])).toThrow('Two steps are called a.')
})

it('refuses more than 1500 steps, and fewer where a run is told so', async () => {
  const many = Array.from({ length: MAX_STEPS }, (_, i) => step(`s${i}`))
  expect(stepGraph(many).steps).toHaveLength(1500)
  expect(() => stepGraph([...many, step('one more')])).toThrow(
    expect.objectContaining({ code: 'STEP_LIMIT_EXCEEDED' }),
  )
  await expect(run(many.slice(0, 11), { options: { maxSteps: 10 } })).rejects.toMatchObject({
    code: 'STEP_LIMIT_EXCEEDED',
  })
  await expect(run([], { options: { maxSteps: 5000 } })).rejects.toMatchObject({
    code: 'INVALID_CONFIGURATION',
  })
})

it('is frozen, and what the caller does to the steps afterwards changes nothing', () => {
  const after = ids('a')
  const graph = stepGraph([{ ...step('b'), after }, step('a')])
  after.push(...ids('c'))
  expect(graph.steps.map(({ id }) => id)).toEqual(ids('a', 'b'))
  expect(graph.steps[1]?.after).toEqual(ids('a'))
  for (const part of [graph, graph.steps, graph.steps[0], graph.steps[1]?.after]) {
    expect(Object.isFrozen(part)).toBe(true)
  }
})
