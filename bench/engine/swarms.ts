import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { entropySeed, RealClock, randomIds, seededRandom } from '../../src/core/index.ts'
import { EmbeddedBackend, machineTools } from '../../src/engine/index.ts'
import { SwarmOrchestrator } from '../../src/swarm/index.ts'
import { collectGarbage } from '../collect-garbage.ts'
import type { BenchOptions } from '../options.ts'
import type { Part } from '../part.ts'
import { type BenchRow, goalOf, rowOf } from '../report.ts'

const AGENTS = 10
const SAMPLES = 10
/** Growth from the second tenth to the last that is no growth. */
const FLAT = 1.1

interface Sample {
  readonly swarms: number
  /** After a full collection. */
  readonly heapMb: number
  readonly rssMb: number
  readonly fileMb: number
  readonly msEach: number
}

/**
 * Swarms of ten agents, created, led to the end of a task of three steps and terminated, one after the other in one
 * process: what the process holds after each tenth of them.
 */
export async function swarmsPart(options: BenchOptions, signal: AbortSignal): Promise<Part> {
  const total = Number(options.set.get('swarms') ?? (options.quick ? 500 : 10_000))
  const clock = new RealClock()
  const directory = mkdtempSync(join(tmpdir(), 'meshswarm-bench-'))
  const file = join(directory, 'swarm.db')
  const random = seededRandom(entropySeed())
  const ids = randomIds(random)
  const backend = await EmbeddedBackend.open({ clock, ids }, { file })
  const swarms = new SwarmOrchestrator({ backend, clock, random, ids, tools: machineTools({ clock }) })
  const samples: Sample[] = []
  try {
    const every = Math.ceil(total / SAMPLES)
    let since = performance.now()
    for (let count = 1; count <= total && !signal.aborted; count++) {
      await oneSwarm(swarms, signal)
      if (count % every !== 0) continue
      const msEach = (performance.now() - since) / every
      const heapUsed = collectGarbage()
      const { rss } = process.memoryUsage()
      const sizes = [heapUsed, rss, statSync(file).size].map((bytes) => bytes / 2 ** 20)
      const [heapMb = 0, rssMb = 0, fileMb = 0] = sizes
      samples.push({ swarms: count, heapMb, rssMb, fileMb, msEach })
      options.log(`${count} swarms: heap ${heapMb.toFixed(1)} MB, resident ${rssMb.toFixed(0)} MB`)
      since = performance.now()
    }
  } finally {
    await swarms.close()
    await backend.close()
    rmSync(directory, { recursive: true, force: true })
  }
  return { rows: samples.flatMap(rowsOf), goals: goals(samples) }
}

async function oneSwarm(swarms: SwarmOrchestrator, signal: AbortSignal): Promise<void> {
  const steps = [
    { id: 'a', tool: 'value', input: 'x'.repeat(100) },
    { id: 'b', tool: 'value', input: { $result: 'a' } },
    { id: 'c', tool: 'value', input: { $result: 'b' } },
  ]
  const id = await swarms.createSwarm({ task: { steps }, agents: AGENTS })
  await swarms.coordinateAgents(id, {}, signal)
  await swarms.terminateSwarm(id)
}

function rowsOf({ swarms, heapMb, rssMb, fileMb, msEach }: Sample): BenchRow[] {
  const row = (metric: string, value: number) =>
    rowOf({ case: `after ${swarms} swarms`, subject: 'embedded', metric }, [value])
  return [
    row('heap MB', heapMb),
    row('resident MB', rssMb),
    row('store MB', fileMb),
    row('ms a swarm', msEach),
  ]
}

function goals(samples: readonly Sample[]) {
  const [, second] = samples
  const last = samples.at(-1)
  const value = second && last && samples.length === SAMPLES ? last.heapMb / second.heapMb : null
  return [goalOf('flat', '<=', FLAT, value, 'x heap of the second tenth')]
}
