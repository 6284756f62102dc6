import type { BenchOptions } from '../options.ts'
import type { RunPart } from '../part.ts'
import { type BenchReport, reportOf } from '../report.ts'
import { gatePart } from './gate.ts'
import { latencyPart } from './latency.ts'
import { memoryPart } from './memory.ts'
import { speedPart } from './speed.ts'

const PARTS: ReadonlyMap<string, RunPart> = new Map([
  ['speed', speedPart],
  ['latency', latencyPart],
  ['gate', gatePart],
  ['memory', memoryPart],
])

/** What it costs to decide whether a capability allows something. `--set` takes only=PART,… */
export async function authorityBench(options: BenchOptions, signal: AbortSignal): Promise<BenchReport> {
  const rows = []
  const goals = []
  for (const name of options.set.get('only')?.split(',') ?? PARTS.keys()) {
    const part = PARTS.get(name)
    if (!part) throw new Error(`no part ${name}: ${[...PARTS.keys()].join(', ')}`)
    if (signal.aborted) break
    const { rows: more, goals: further } = await part(options, signal)
    rows.push(...more)
    goals.push(...further)
  }
  return reportOf('authority', options.seed, rows, goals)
}
