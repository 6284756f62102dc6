export interface BenchOptions {
  readonly quick: boolean
  readonly seed: number
  readonly data: string
  /** Options of single benchmarks, as `--set nodes=20`. */
  readonly set: ReadonlyMap<string, string>
  readonly log: (line: string) => void
}
