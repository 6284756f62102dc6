import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { meshSwarmError } from '../src/core/index.ts'

export interface RunOptions {
  readonly input?: string
  readonly signal?: AbortSignal
  /** Exit statuses beside 0 that are no failure. */
  readonly accept?: readonly number[]
}

/**
 * Runs a command to its end and returns what it printed on stdout.
 * Rejects with UNAVAILABLE (status and stderr in the message), or with the abort reason; then the child is killed.
 */
export async function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  options.signal?.throwIfAborted()
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const kill = (): void => void child.kill('SIGKILL')
  options.signal?.addEventListener('abort', kill, { once: true })
  try {
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    // A command that ends before it has read its input is judged by its status, not by the broken pipe.
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input ?? '')
    const status = await new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => resolve(code ?? -1))
    })
    options.signal?.throwIfAborted()
    if (status !== 0 && !options.accept?.includes(status)) {
      const said = Buffer.concat(err).toString().trim().slice(0, 2000)
      throw meshSwarmError('UNAVAILABLE', `${file} ${args.join(' ')} ended with status ${status}: ${said}`)
    }
    return Buffer.concat(out).toString()
  } finally {
    options.signal?.removeEventListener('abort', kill)
  }
}

/** Runs a command inside a network namespace; fails and aborts like `run`. */
export function runIn(netns: string, argv: readonly string[], options: RunOptions = {}): Promise<string> {
  return run('nsenter', [`--net=/run/netns/${netns}`, ...argv], options)
}

/** Starts a process that outlives this one (own process group), output appended to `log`. */
export function launch(argv: readonly string[], log: string): ChildProcess {
  const [file = '', ...args] = argv
  const fd = openSync(log, 'a')
  try {
    const child = spawn(file, args, { detached: true, stdio: ['ignore', fd, fd] })
    child.on('error', () => undefined)
    child.unref()
    return child
  } finally {
    closeSync(fd)
  }
}

/** Maps with at most `limit` at work; the first failure rejects after those under way have ended. */
export async function mapLimit<T, R>(
  items: readonly T[],
  limit: number,
  map: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  const entries = items.entries()
  const failures: unknown[] = []
  const worker = async (): Promise<void> => {
    for (const [index, item] of entries) {
      if (failures.length > 0) return
      try {
        results[index] = await map(item, index)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: limit }, worker))
  if (failures.length > 0) throw failures[0]
  return results
}
