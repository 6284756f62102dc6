// A process of the chaos suite, until somebody kills it: it leads the task, or it works on it.
import { appendFileSync } from 'node:fs'
import { entropySeed, hasCode, RealClock, seededRandom, swarmId } from '../../src/core/index.ts'
import {
  StepWorker,
  type SwarmBackend,
  slots,
  TaskRunner,
  type Tool,
  taskQueue,
  Upstreams,
  WorkerPool,
} from '../../src/engine/index.ts'

/** What a module that opens a backend exports: `where` is whatever tells it which store. */
export type OpenBackend = (where: string) => Promise<SwarmBackend>

const [, , role = '', module = '', where = '', name = '', diary = '', leaseMs = ''] = process.argv
const clock = new RealClock()
const task = swarmId(name)
const { open } = (await import(module)) as { readonly open: OpenBackend }

const note: Tool = {
  name: 'note',
  idempotent: true,
  run: async ({ step }, signal) => {
    await clock.sleep(100, signal)
    appendFileSync(diary, `${step}\n`)
    return `${step} by ${process.pid}`
  },
}

async function lead(backend: SwarmBackend): Promise<void> {
  const { outcome } = await new TaskRunner({ backend, clock }).run(task, { workers: 30 }, never)
  process.stdout.write(outcome)
  process.exit()
}

function work(backend: SwarmBackend): Promise<void> {
  const components = {
    ...{ backend, clock, random: seededRandom(entropySeed()), upstreams: new Upstreams({ clock }) },
    ...{ tools: new Map([[note.name, note]]), pool: new WorkerPool(slots(clock, 10)) },
  }
  const options = { name: `worker-${process.pid}`, queue: taskQueue(task), leaseMs: Number(leaseMs) }
  return new StepWorker(components, options).run(never)
}

const never = new AbortController().signal
for (;;) {
  try {
    const backend = await open(where)
    await (role === 'lead' ? lead(backend) : work(backend))
  } catch (error) {
    // The store was killed: it comes back.
    if (!hasCode(error, 'UNAVAILABLE')) throw error
    await clock.sleep(50)
  }
}
