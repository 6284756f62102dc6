import { type Clock, RealClock } from '../core/index.ts'
import { spellHidden } from './text.ts'

export interface TextSink {
  write(text: string): unknown
}

/** Everything of the outside world that a command may touch. */
export interface CliContext {
  readonly stdout: TextSink
  readonly stderr: TextSink
  readonly clock: Clock
  /** Aborted when the user wants to stop. */
  readonly signal: AbortSignal
  /** Whether standard output understands colours. */
  readonly color: boolean
  /** Columns of the terminal; Infinity where the output is no terminal. */
  readonly columns: number
  /** The private key of the root of authority, where the environment has it (`MESHSWARM_ROOT_KEY`). */
  readonly rootKey: string | undefined
  /** Writes to standard output and ends the line. See `printTo`. */
  readonly print: (text: string) => void
}

/** Also in JSON, which only escapes some of it, nothing reaches a terminal that hides text or reorders it. */
export function printTo(stdout: TextSink): CliContext['print'] {
  return (text) => void stdout.write(`${spellHidden(text)}\n`)
}

/** The context of this process. The only place of the CLI that looks at `process` and its environment. */
export function processContext(signal: AbortSignal): CliContext {
  const { stdout, stderr, env } = process
  return {
    stdout,
    stderr,
    clock: new RealClock(),
    signal,
    color: stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb',
    columns: stdout.isTTY ? stdout.columns : Number.POSITIVE_INFINITY,
    rootKey: env.MESHSWARM_ROOT_KEY,
    print: printTo(stdout),
  }
}
