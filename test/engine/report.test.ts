import { expect, it } from 'vitest'
import { VirtualClock } from '../../src/core/index.ts'
import { ids, run, sleeper } from './support.ts'

const clock = new VirtualClock()
const DIAMOND = [
  sleeper(clock, 'a', 10),
  sleeper(clock, 'b', 30, ['a']),
  sleeper(clock, 'c', 20, ['a']),
  sleeper(clock, 'd', 5, ['b', 'c']),
]

it('tells makespan, sequential time, critical path, speed-up and its bound', async () => {
  expect(await run(DIAMOND, { clock, workers: 2 })).toMatchObject({
    makespanMs: 45,
    sequentialMs: 65,
    criticalPathMs: 45,
    criticalPath: ids('a', 'b', 'd'),
    speedUp: 65 / 45,
    speedUpBound: 65 / 45,
  })
})

it('one worker does the same work one step after another: speed-up and bound are 1', async () => {
  const report = await run(DIAMOND, { clock, workers: 1 })
  expect(report).toMatchObject({ makespanMs: 65, sequentialMs: 65, speedUp: 1, speedUpBound: 1 })
  const { timeline } = report
  for (const [i, span] of timeline.entries()) {
    expect(span.startedAt).toBeGreaterThanOrEqual(timeline[i - 1]?.endedAt ?? 0)
  }
})

it('counts critical steps as Kimi K2.5 does: a main step and the longest sub-agent, stage by stage', async () => {
  expect(await run(DIAMOND, { clock, workers: 2 })).toMatchObject({ criticalSteps: 2 + 2 + 2 })
  expect(await run(DIAMOND, { clock, workers: 1 })).toMatchObject({ criticalSteps: 2 + 3 + 2 })
  const wide = Array.from({ length: 100 }, (_, i) => sleeper(clock, `w${i}`, 7))
  expect(await run(wide, { clock, workers: 1 })).toMatchObject({ criticalSteps: 101 })
  expect(await run(wide, { clock, workers: 25 })).toMatchObject({ criticalSteps: 5, speedUp: 25 })
  expect(await run(wide, { clock, workers: 100 })).toMatchObject({ criticalSteps: 2, speedUp: 100 })
})

it('is sound for a graph without steps, and for steps that take no time', async () => {
  expect(await run([])).toMatchObject({ outcome: 'succeeded', makespanMs: 0, speedUp: 1, criticalPath: [] })
  expect(await run([sleeper(clock, 'a', 0)], { clock })).toMatchObject({ speedUp: 1, speedUpBound: 1 })
})
