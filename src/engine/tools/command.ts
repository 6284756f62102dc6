import { spawn } from 'node:child_process'
import { z } from 'zod'
import { type Clock, meshSwarmError } from '../../core/index.ts'
import type { Json } from '../backends/json.ts'
import type { Tool, ToolCall } from '../task/tool.ts'

/** Asked to end for so long, a command is killed. Within the grace of `supervise`. */
const ASK_MS = 1500
/** More output than this is cut, and said so. */
const MOST_CHARACTERS = 64 * 1024

const Input = z.strictObject({
  /** The program and its arguments; no shell reads them. */
  argv: z.array(z.string()).min(1),
  cwd: z.string().min(1).optional(),
  /** For its standard input. */
  stdin: z.string().optional(),
})

/**
 * Runs a program on this machine, in a process group of its own, and gives what it printed. Fails with UNAVAILABLE
 * where it ends with another status than 0. When it is to stop, the whole group is asked to end, and killed 1.5 s
 * later. Whatever it prints is a sign of life. Nobody knows what a program does: not idempotent, unless the step says so.
 */
export function commandTool({ clock }: { readonly clock: Clock }): Tool {
  return { name: 'command', run: (call, signal) => runCommand(clock, call, signal) }
}

async function runCommand(
  clock: Clock,
  { step, input, alive }: ToolCall,
  signal: AbortSignal,
): Promise<Json> {
  const parsed = Input.safeParse(input)
  if (!parsed.success)
    throw meshSwarmError(
      'INVALID_INPUT',
      `The input of ${step} is no command: ${z.prettifyError(parsed.error)}`,
    )
  const { argv, cwd, stdin = '' } = parsed.data
  const [file = '', ...args] = argv
  const child = spawn(file, args, { cwd, detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
  const [out, err] = [collect(child.stdout, alive), collect(child.stderr, alive)]
  // A program that ends before it has read everything is judged by its status.
  child.stdin.on('error', () => undefined)
  child.stdin.end(stdin)
  let cancelKill = () => {}
  const stop = () => {
    endGroup(child.pid, 'SIGTERM')
    cancelKill = clock.after(ASK_MS, () => endGroup(child.pid, 'SIGKILL'))
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    const status = await new Promise<number | string>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, by) => resolve(code ?? by ?? 'unknown'))
    })
    signal.throwIfAborted()
    if (status === 0) return { stdout: out.text, ...(out.cut ? { cut: true } : {}) }
    throw meshSwarmError('UNAVAILABLE', `${file} ended with ${status}: ${err.text.trim().slice(-500)}`)
  } catch (error) {
    if (error instanceof Error && 'errno' in error)
      throw meshSwarmError('INVALID_INPUT', `${file} cannot be started: ${error.message}`, { cause: error })
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
    cancelKill()
  }
}

/** What the program has started as well. */
function endGroup(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, name)
  } catch {
    // It has ended.
  }
}

function collect(stream: NodeJS.ReadableStream, alive: () => void): { text: string; cut: boolean } {
  const collected = { text: '', cut: false }
  stream.setEncoding('utf8').on('data', (piece: string) => {
    alive()
    const room = MOST_CHARACTERS - collected.text.length
    collected.text += piece.slice(0, room)
    collected.cut ||= piece.length > room
  })
  return collected
}
