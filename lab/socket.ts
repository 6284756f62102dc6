import { createConnection } from 'node:net'
import { meshSwarmError } from '../src/core/index.ts'

/**
 * Speaks babeld's local protocol: waits for the greeting, sends one statement a time, and returns the lines that
 * came before each `ok`. Rejects with UNAVAILABLE where the daemon does not answer, closes early, or says `no`
 * or `bad` (statements before that one have taken effect).
 */
export async function babelStatements(
  socket: string,
  statements: readonly string[],
  signal?: AbortSignal,
): Promise<string[][]> {
  signal?.throwIfAborted()
  const patience = AbortSignal.timeout(5000)
  const abort = signal ? AbortSignal.any([signal, patience]) : patience
  const connection = createConnection(socket)
  const stop = (): void => void connection.destroy()
  abort.addEventListener('abort', stop, { once: true })
  try {
    const answers: string[][] = []
    let lines: string[] = []
    let greeted = false
    let rest = ''
    for await (const chunk of connection) {
      const parts = (rest + String(chunk)).split('\n')
      rest = parts.pop() ?? ''
      for (const text of parts) {
        if (text === 'bad' || text === 'no' || text.startsWith('no ')) {
          throw meshSwarmError('UNAVAILABLE', `babeld refused '${statements[answers.length]}': ${text}`)
        }
        if (text !== 'ok') {
          lines.push(text)
          continue
        }
        if (greeted) answers.push(lines)
        greeted = true
        lines = []
        const next = statements[answers.length]
        if (next === undefined) return answers
        connection.write(`${next}\n`)
      }
    }
    signal?.throwIfAborted()
    throw meshSwarmError('UNAVAILABLE', `babeld at ${socket} ended the conversation`)
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof Error && 'syscall' in error) {
      throw meshSwarmError('UNAVAILABLE', `no babeld answers at ${socket}: ${error.message}`)
    }
    throw error
  } finally {
    abort.removeEventListener('abort', stop)
    connection.destroy()
  }
}
