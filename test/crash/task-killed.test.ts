// The rule: after `kill -9` at any moment the next start goes on. No finished step is done again, none is lost.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { KillableTask } from '../../bench/engine/killable-task.ts'
import { entropySeed, seededRandom } from '../../src/core/index.ts'

const STEPS = 500

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'meshswarm-killed-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function stepsBegun(task: KillableTask): Set<string> {
  return new Set(task.begun().map(({ step }) => step))
}

test.each([
  ['a task of 500 steps', 0],
  ['a task of five steps, done by twenty sub-agents each in 100 steps', 5],
])('%s, its process killed again and again', { timeout: 110_000 }, async (_, groups) => {
  const seed = entropySeed()
  const random = seededRandom(seed)
  const task = new KillableTask(directory, { steps: STEPS, stepMs: 20, groups })
  for (let kills = 0; ; kills++) {
    const done = task.finished()
    const mark = task.begun().length
    const worker = task.start()
    // In the first rounds also before the first step, while it opens the file.
    while (kills > 2 && task.begun().length === mark && worker.running()) await delay(2)
    const pause = delay(random.next() * (kills > 2 ? 200 : 300), undefined)
    const said = await Promise.race([worker.ended, pause])
    worker.kill()
    await worker.ended
    const again = task
      .begun()
      .slice(mark)
      .filter(({ step }) => done.has(step))
    expect(again, `seed ${seed}: done again`).toEqual([])
    if (said === undefined) continue
    expect(said, `seed ${seed}`).toBe('succeeded')
    expect(kills).toBeGreaterThan(3)
    break
  }
  expect(task.finished().size).toBe(STEPS + groups)
  expect(stepsBegun(task).size).toBe(STEPS)
})
