// The rule: after `kill -9` at any moment the next start goes on. No finished step is done again, none is lost.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { KillableTask, type KillableTaskOptions } from '../../bench/engine/killable-task.ts'
import { entropySeed, RealClock, randomIds, seededRandom, swarmId } from '../../src/core/index.ts'
import { EmbeddedBackend } from '../../src/engine/index.ts'
import { storedResult } from '../../src/engine/task/task-event.ts'

const STEPS = 500

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'meshswarm-killed-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function stepsBegun(task: KillableTask): Set<string> {
  return new Set(task.begun().map(({ step }) => step))
}

/** More than stays in the store's own rows. */
const LARGE = 100_000

test.each<[string, Partial<KillableTaskOptions>]>([
  ['a task of 500 steps', {}],
  ['a task of five steps, done by twenty sub-agents each in 100 steps', { groups: 5 }],
  ['a task of 500 steps with large values', { characters: LARGE }],
])('%s, its process killed again and again', { timeout: 110_000 }, async (_, options) => {
  const { groups = 0, characters = 0 } = options
  const seed = entropySeed()
  const random = seededRandom(seed)
  const task = new KillableTask(directory, { steps: STEPS, stepMs: 20, ...options })
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
  if (characters > 0) expect(await wholeValues(task.file)).toBe(STEPS)
})

/** How many steps have a value that begins with their name, and has all its characters. */
async function wholeValues(file: string): Promise<number> {
  const clock = new RealClock()
  const backend = await EmbeddedBackend.open({ clock, ids: randomIds(seededRandom(entropySeed())) }, { file })
  try {
    const task = swarmId('task')
    const whole = await Promise.all(
      (await backend.results.read(task)).map(async ({ step, result }) => {
        const stored = storedResult(result)
        if (stored.state !== 'succeeded' || !stored.blob) return false
        return (await backend.blobs.get(task, stored.blob.hash)) === JSON.stringify(step.padEnd(LARGE, '.'))
      }),
    )
    return whole.filter(Boolean).length
  } finally {
    await backend.close()
  }
}
