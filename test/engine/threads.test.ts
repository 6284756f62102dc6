// The rule: work of the processor is done beside the process, gives what it gives, and ends when it is to.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RealClock, stepId, swarmId } from '../../src/core/index.ts'
import { type Json, Threads } from '../../src/engine/index.ts'

const clock = new RealClock()
const never = new AbortController().signal
let threads: Threads
beforeEach(() => {
  threads = new Threads({ most: 2 })
})
afterEach(() => threads.close())

function use(file: string, input: Json, signal = never): Promise<Json> {
  const tool = threads.tool({ name: file, module: new URL(`./threads/${file}.ts`, import.meta.url) })
  const nothing = () => undefined
  const words = { swarm: swarmId('t'), step: stepId('s'), attempt: 1, key: 't/s', input, task: undefined }
  const call = { ...words, budget: {}, alive: nothing, add: nothing, spend: nothing, refund: nothing }
  return Promise.resolve(tool.run(call, signal))
}

test('gives the value, of many at a time', async () => {
  const lists = Array.from({ length: 20 }, (_, n) => [n, 1])
  const sums = await Promise.all(lists.map((numbers) => use('sum', { numbers, turns: 10_000 })))
  expect(sums).toEqual(lists.map(([n = 0]) => n + 1))
  expect(threads.size).toBeLessThanOrEqual(2)
})

test('a loop without end keeps nobody else from working, and ends when it is stopped', async () => {
  const stop = new AbortController()
  const endless = use('endless', null, stop.signal)
  // Both would wait for ever if it ran in this process, or on the only thread.
  await clock.sleep(50)
  expect(await use('sum', { numbers: [1, 2] })).toBe(3)
  stop.abort()
  await expect(endless).rejects.toThrow()
  expect(await use('sum', { numbers: [3, 4] })).toBe(7)
})

test('that fails, fails with what it says', async () => {
  await expect(use('fails', { a: 1 })).rejects.toThrow('cannot do {"a":1}')
  expect(await use('sum', { numbers: [1] })).toBe(1)
})

test('is not begun where it was stopped before', async () => {
  await expect(use('endless', null, AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(threads.size).toBe(0)
})

test('what is under way when the threads are closed fails', async () => {
  const endless = use('endless', null)
  const failed = expect(endless).rejects.toThrow()
  await clock.sleep(50)
  await threads.close()
  await failed
})
