import { spawn } from 'node:child_process'
import { basename } from 'node:path'
import { meshSwarmError, throwIfCancelled } from '../../../../core/index.ts'

/** Where a node lives: a namespace under /run/netns, or the machine itself. */
export interface Place {
  readonly netns?: string | undefined
}

/** The command line that does `argv` there. What enters a namespace by itself is left alone. */
export function inside(place: Place, argv: readonly string[]): readonly string[] {
  if (place.netns === undefined || basename(argv[0] ?? '') === 'nsenter') return argv
  return ['nsenter', `--net=/run/netns/${place.netns}`, ...argv]
}

/**
 * Runs a command to its end and returns its output. Rejects with UNAVAILABLE where it fails or takes more than
 * ten seconds, with CANCELLED on abort; either way the child is killed first.
 */
export async function runIn(
  place: Place,
  argv: readonly string[],
  { signal, input = '' }: { readonly signal?: AbortSignal | undefined; readonly input?: string } = {},
): Promise<string> {
  throwIfCancelled(signal, 'The command')
  const [file = '', ...args] = inside(place, argv)
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: 10_000,
    killSignal: 'SIGKILL',
  })
  const kill = () => child.kill('SIGKILL')
  signal?.addEventListener('abort', kill, { once: true })
  // A command that ends before it has read its input is judged by its status.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    throwIfCancelled(signal, 'The command')
    if (status !== 0) throw failed(argv, `status ${status}: ${err.trim().slice(0, 500)}`)
    return out
  } catch (error) {
    if (error instanceof Error && 'errno' in error) throw failed(argv, error.message)
    throw error
  } finally {
    signal?.removeEventListener('abort', kill)
  }
}

function failed(argv: readonly string[], why: string): Error {
  return meshSwarmError('UNAVAILABLE', `'${argv.join(' ')}' failed: ${why}`, { details: { argv, why } })
}

/** At most `limit` pieces of work at a time; the rest waits in order. */
export function limiter(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let free = limit
  return async (work) => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }
}
