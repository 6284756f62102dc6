// A process that works on a task until it is done, or until somebody kills it. Every step says so before it begins, with
// the time, in a file that the parent reads.
import { openSync, writeSync } from 'node:fs'
import { entropySeed, hasCode, RealClock, randomIds, seededRandom, swarmId } from '../../src/core/index.ts'
import {
  EmbeddedBackend,
  hireSlots,
  StepWorker,
  slots,
  TaskRunner,
  type Tool,
  taskQueue,
  Upstreams,
  WorkerPool,
  withSubAgents,
} from '../../src/engine/index.ts'

const [, , file = '', diary = '', count = '0', stepMs = '5', groups = '0', characters = '0'] = process.argv
// Ctrl-C is for the process that has started this one.
process.on('SIGINT', () => undefined)
const clock = new RealClock()
const random = seededRandom(entropySeed())
const task = swarmId('task')
const fd = openSync(diary, 'a')

const note: Tool = {
  name: 'note',
  idempotent: true,
  run: async ({ step }, signal) => {
    writeSync(fd, `${step} ${clock.now()}\n`)
    await clock.sleep(Number(stepMs), signal)
    return step.padEnd(Number(characters), '.')
  },
}

const backend = await EmbeddedBackend.open({ clock, ids: randomIds(random) }, { file })
const runner = new TaskRunner({ backend, clock })
try {
  const steps = (length: number, name: string) =>
    Array.from({ length }, (_, n) => ({
      ...{ id: `${name}${n}`, tool: 'note' },
      after: n % 10 === 0 ? [] : [`${name}${n - 1}`, ...(n > 40 ? [`${name}${n - 37}`] : [])],
    }))
  // All of them at once, or each group by sub-agents of its own.
  const each = Number(count) / Number(groups)
  const grouped = Array.from({ length: Number(groups) }, (_, group) => ({
    ...{ id: `group${group}`, tool: 'agent', budget: { agents: 20, steps: each } },
    task: { agents: 20, steps: steps(each, `g${group}s`) },
  }))
  await runner.submit(task, { steps: groups === '0' ? steps(Number(count), 's') : grouped })
} catch (error) {
  if (!hasCode(error, 'CONFLICT')) throw error
}
const common = { backend, clock, random, runner, upstreams: new Upstreams({ clock }) }
const tools = withSubAgents({ ...common, hire: hireSlots({ clock }) }, new Map([[note.name, note]]))
const worker = new StepWorker(
  { ...common, tools, pool: new WorkerPool(slots(clock, 100)) },
  { name: `process-${process.pid}`, queue: taskQueue(task) },
)
const stop = new AbortController()
const working = worker.run(stop.signal)
const { outcome } = await runner.run(task, { workers: 100 }, stop.signal)
stop.abort()
await working
await backend.close()
process.stdout.write(`${outcome}\n`)
