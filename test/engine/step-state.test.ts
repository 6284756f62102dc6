import { expect, it } from 'vitest'
import { VirtualClock } from '../../src/core/index.ts'
import { canMove, isFinal, STEP_TRANSITIONS, type StepState } from '../../src/engine/index.ts'
import { StepRun } from '../../src/engine/step-run.ts'
import { sleeper } from './support.ts'

const STATES = Object.keys(STEP_TRANSITIONS) as StepState[]

/** Shortest way to each state along the table. */
function wayTo(target: StepState): StepState[] {
  const ways: StepState[][] = [['waiting']]
  for (const way of ways) {
    const at = way.at(-1) ?? 'waiting'
    if (at === target) return way.slice(1)
    for (const next of STEP_TRANSITIONS[at]) if (!way.includes(next)) ways.push([...way, next])
  }
  throw new Error(`no way to ${target}`)
}

it.each(STATES.flatMap((from) => STATES.map((to) => [from, to] as const)))(
  'a step goes from %s to %s if and only if the table says so',
  (from, to) => {
    const run = new StepRun(sleeper(new VirtualClock(), 'a', 1))
    for (const state of wayTo(from)) run.move(state)
    if (canMove(from, to)) {
      run.move(to)
      expect(run.state).toBe(to)
    } else {
      expect(() => run.move(to)).toThrow(`from ${from} to ${to}`)
      expect(run.state).toBe(from)
    }
  },
)

it('has four ends, reaches each, and leaves none', () => {
  expect(STATES.filter(isFinal)).toEqual(['succeeded', 'failed', 'cancelled', 'skipped'])
  for (const state of STATES) expect(wayTo(state)).toBeDefined()
})
