import type { BenchOptions } from './options.ts'
import type { BenchGoal, BenchRow } from './report.ts'

/** What a part of the benchmark came to. */
export interface Part {
  readonly rows: readonly BenchRow[]
  readonly goals: readonly BenchGoal[]
}

export type RunPart = (options: BenchOptions, signal: AbortSignal) => Promise<Part>
