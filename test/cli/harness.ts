import { printTo } from '../../src/cli/context.ts'
import type { CliContext, RegisterCommand } from '../../src/cli/index.ts'
import { run } from '../../src/cli/main.ts'
import { VirtualClock } from '../../src/core/index.ts'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface RunOptions
  extends Partial<Pick<CliContext, 'clock' | 'signal' | 'color' | 'columns' | 'rootKey'>> {
  readonly commands?: readonly RegisterCommand[]
}

/** Runs the program in this process, at midnight of 2020-06-01 UTC, and keeps what it writes. */
export async function meshswarm(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  let [out, err] = ['', '']
  const stdout = { write: (text: string) => (out += text) }
  const stderr = { write: (text: string) => (err += text) }
  const context: CliContext = {
    stdout,
    stderr,
    clock: options.clock ?? new VirtualClock({ startAt: Date.UTC(2020, 5, 1) }),
    signal: options.signal ?? new AbortController().signal,
    color: options.color ?? false,
    columns: options.columns ?? Number.POSITIVE_INFINITY,
    rootKey: options.rootKey,
    print: printTo(stdout),
  }
  const code = await run(argv, context, options.commands)
  return { code, out, err }
}
