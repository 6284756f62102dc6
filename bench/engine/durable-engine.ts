import { join } from 'node:path'
import { entropySeed, RealClock, randomIds, type SwarmId, seededRandom } from '../../src/core/index.ts'
import {
  EmbeddedBackend,
  StepWorker,
  slots,
  type TaskInput,
  type TaskReport,
  TaskRunner,
  type Tool,
  Upstreams,
  WorkerPool,
} from '../../src/engine/index.ts'

const QUEUE = 'bench'

/** The engine as it is used: every start and every result is on the disk before it counts. */
export interface DurableEngine {
  /** Throws where the task has not succeeded. */
  run(task: SwarmId, input: TaskInput): Promise<TaskReport>
  close(): Promise<void>
}

/** With one tool, and so many agents. Its file lies in the directory. */
export async function openDurableEngine(
  directory: string,
  tool: Tool,
  agents: number,
): Promise<DurableEngine> {
  const clock = new RealClock()
  const random = seededRandom(entropySeed())
  const backend = await EmbeddedBackend.open(
    { clock, ids: randomIds(random) },
    { file: join(directory, 'swarm.db') },
  )
  const components = {
    ...{ backend, clock, random, tools: new Map([[tool.name, tool]]) },
    ...{ pool: new WorkerPool(slots(clock, agents)), upstreams: new Upstreams({ clock }) },
  }
  const stop = new AbortController()
  const working = new StepWorker(components, { name: 'bench', queue: QUEUE }).run(stop.signal)
  const runner = new TaskRunner({ backend, clock })
  return {
    async run(task, { steps, ...rest }) {
      await runner.submit(task, { ...rest, steps: steps.map((step) => ({ ...step, queue: QUEUE })) })
      const report = await runner.run(task, { workers: agents }, stop.signal)
      if (report.outcome !== 'succeeded') throw new Error(`the task ended as ${report.outcome}`)
      return report
    },
    async close() {
      stop.abort()
      await working
      await backend.close()
    },
  }
}
