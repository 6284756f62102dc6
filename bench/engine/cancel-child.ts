// A process that has a task of 1500 steps in the air, cancels it and closes everything. Each step holds a timer and both
// ends of a connection, and a program where one is named. It says what is still open then; when it has nothing to wait
// for, it ends by itself.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { entropySeed, RealClock, randomIds, seededRandom, swarmId } from '../../src/core/index.ts'
import {
  EmbeddedBackend,
  machineTools,
  StepWorker,
  slots,
  TaskRunner,
  type Tool,
  taskQueue,
  Upstreams,
  WorkerPool,
} from '../../src/engine/index.ts'
import { SwarmOrchestrator } from '../../src/swarm/index.ts'

/** What it prints. */
export interface Cancelled {
  readonly outcome: string
  /** Steps that had begun when the task was cancelled. */
  readonly underWay: number
  /** From the cancel to the moment in which the last of them had stopped. */
  readonly stoppedMs: number
  /** To the moment in which all was closed. */
  readonly closedMs: number
  /** What is open now and was not at the start: `process.getActiveResourcesInfo`. */
  readonly open: readonly string[]
}

const [, , file = '', agents = '100', program = ''] = process.argv
const STEPS = 1500
/** The most agents that one pool has. */
const POOL = 100
// Ctrl-C is for the process that has started this one.
process.on('SIGINT', () => undefined)
// Threads write through it, so it is there before there is one.
process.stdout.on('error', () => undefined)
const atStart = process.getActiveResourcesInfo()
const clock = new RealClock()
const random = seededRandom(entropySeed())
const ids = randomIds(random)
const backend = await EmbeddedBackend.open({ clock, ids }, { file })
let connections = 0
const server = createServer((socket) => {
  connections++
  socket.on('error', () => undefined)
}).listen({ path: `${file}.sock`, backlog: STEPS })
await once(server, 'listening')

const running = new Set<string>()
let lastStoppedAt = 0
const command = machineTools({ clock }).get('command')
const hold: Tool = {
  name: 'hold',
  async run(call, signal) {
    running.add(call.step)
    const socket = connect(`${file}.sock`).on('error', () => undefined)
    const input = { argv: [program, '600'] }
    const held = [
      clock.sleep(600_000, signal),
      ...(program === '' ? [] : [command?.run({ ...call, input }, signal)]),
    ]
    await Promise.allSettled(held)
    socket.destroy()
    running.delete(call.step)
    lastStoppedAt = clock.now()
    signal.throwIfAborted()
    return null
  },
}
const tools = new Map([[hold.name, hold]])
const task = { steps: Array.from({ length: STEPS }, (_, n) => ({ id: `s${n}`, tool: hold.name })) }

/** Begins the task, and returns what cancels it and waits until nothing of it runs: it tells the outcome. */
async function asSwarm(): Promise<() => Promise<string>> {
  const swarms = new SwarmOrchestrator({ backend, clock, random, ids, tools })
  const swarm = await swarms.createSwarm({ task, agents: Number(agents) })
  const report = swarms.coordinateAgents(swarm, {}, new AbortController().signal)
  return async () => {
    await swarms.terminateSwarm(swarm)
    return (await report).outcome
  }
}

/** More agents than a swarm has: as many pools as it takes. */
async function inPools(): Promise<() => Promise<string>> {
  const runner = new TaskRunner({ backend, clock })
  const name = swarmId('task')
  await runner.submit(name, task)
  const stop = new AbortController()
  const common = { backend, clock, random, tools, upstreams: new Upstreams({ clock }) }
  const workers = Array.from({ length: Number(agents) / POOL }, (_, n) => {
    const pool = new WorkerPool(slots(clock, POOL))
    return new StepWorker({ ...common, pool }, { name: `pool-${n}`, queue: taskQueue(name) }).run(stop.signal)
  })
  const report = runner.run(name, { workers: Number(agents) }, stop.signal)
  return async () => {
    await runner.cancel(name, 'the bench is over')
    const { outcome } = await report
    stop.abort()
    await Promise.all(workers)
    return outcome
  }
}

const cancel = await (Number(agents) > POOL ? inPools() : asSwarm())
while (running.size < Number(agents) || connections < Number(agents)) await clock.sleep(10)
const underWay = running.size
const cancelledAt = clock.now()
const outcome = await cancel()
const stoppedMs = lastStoppedAt - cancelledAt
if (running.size > 0) throw new Error(`${running.size} steps still run`)
await Promise.all([backend.close(), new Promise((resolve) => server.close(resolve))])
const closedMs = clock.now() - cancelledAt
// What was closed in this turn of the loop is gone at its end.
for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve))
const open = process.getActiveResourcesInfo()
for (const what of atStart) if (open.includes(what)) open.splice(open.indexOf(what), 1)
const cancelled: Cancelled = { outcome, underWay, stoppedMs, closedMs, open }
process.stdout.write(`${JSON.stringify(cancelled)}\n`)
