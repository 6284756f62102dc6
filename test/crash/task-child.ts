// A process that works on a task until it is done, or until somebody kills it. Every step says so before it begins,
// in a file that the parent reads.
import { openSync, writeSync } from 'node:fs'
import { entropySeed, hasCode, RealClock, randomIds, seededRandom, swarmId } from '../../src/core/index.ts'
import {
  EmbeddedBackend,
  StepWorker,
  slots,
  TaskRunner,
  type Tool,
  taskQueue,
  WorkerPool,
} from '../../src/engine/index.ts'

const [, , file = '', diary = '', count = '0', stepMs = '5'] = process.argv
const clock = new RealClock()
const random = seededRandom(entropySeed())
const task = swarmId('task')
const fd = openSync(diary, 'a')

const note: Tool = {
  name: 'note',
  idempotent: true,
  run: async ({ step }, signal) => {
    writeSync(fd, `${step}\n`)
    await clock.sleep(Number(stepMs), signal)
    return step
  },
}

const backend = await EmbeddedBackend.open({ clock, ids: randomIds(random) }, { file })
const runner = new TaskRunner({ backend, clock })
try {
  const steps = Array.from({ length: Number(count) }, (_, n) => ({
    ...{ id: `s${n}`, tool: 'note' },
    after: n % 10 === 0 ? [] : [`s${n - 1}`, ...(n > 40 ? [`s${n - 37}`] : [])],
  }))
  await runner.submit(task, { steps })
} catch (error) {
  if (!hasCode(error, 'CONFLICT')) throw error
}
const worker = new StepWorker(
  { backend, clock, random, tools: new Map([[note.name, note]]), pool: new WorkerPool(slots(clock, 100)) },
  { name: `process-${process.pid}`, queue: taskQueue(task) },
)
const stop = new AbortController()
const working = worker.run(stop.signal)
const { outcome } = await runner.run(task, { workers: 100 }, stop.signal)
stop.abort()
await working
await backend.close()
process.stdout.write(`${outcome}\n`)
