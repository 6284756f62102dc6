import type { BenchOptions } from '../options.ts'
import type { RunPart } from '../part.ts'
import { type BenchReport, reportOf } from '../report.ts'
import { cancelPart } from './cancel.ts'
import { graphsPart } from './graphs.ts'
import { killsPart } from './kills.ts'
import { speedPart } from './speed.ts'
import { swarmsPart } from './swarms.ts'

const PARTS: ReadonlyMap<string, RunPart> = new Map([
  ['speed', speedPart],
  ['graphs', graphsPart],
  ['kills', killsPart],
  ['cancel', cancelPart],
  ['swarms', swarmsPart],
])
/** It takes minutes, and asks for it. */
const ON_REQUEST = 'swarms'

/**
 * The engine beside others, on real step graphs, killed and cancelled. `--set` takes only=PART,… rounds=N for the speed,
 * and swarms=N, which measures the memory over so many swarms instead.
 */
export async function engineBench(options: BenchOptions, signal: AbortSignal): Promise<BenchReport> {
  const rows = []
  const goals = []
  for (const part of partsOf(options)) {
    if (signal.aborted) break
    const { rows: more, goals: further } = await part(options, signal)
    rows.push(...more)
    goals.push(...further)
  }
  return reportOf('engine', options.seed, rows, goals)
}

function partsOf({ set }: BenchOptions): readonly RunPart[] {
  const all = [...PARTS.keys()].filter((name) => name !== ON_REQUEST)
  const names = set.get('only')?.split(',') ?? (set.has('swarms') ? [ON_REQUEST] : all)
  return names.map((name) => {
    const part = PARTS.get(name)
    if (!part) throw new Error(`no part ${name}: ${[...PARTS.keys()].join(', ')}`)
    return part
  })
}
