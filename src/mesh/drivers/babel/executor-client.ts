import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { connect } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type Clock,
  cancelledError,
  ERROR_CODES,
  type ErrorCode,
  hasCode,
  meshSwarmError,
  throwIfCancelled,
} from '../../../core/index.ts'
import { MessageStream } from './host/message-stream.ts'
import type { DaemonReport, HostReply, HostRequest } from './host/protocol.ts'
import type { Inventory } from './inventory.ts'

const MAIN = fileURLToPath(new URL('./host/main.ts', import.meta.url))
const START_MS = 8000

/** A request without its number. */
export type ExecutorCall = HostRequest extends infer R
  ? R extends { id: number }
    ? Omit<R, 'id'>
    : never
  : never

interface Waiting {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

export interface ExecutorOptions {
  readonly stateDir: string
  readonly inventory: Inventory
  readonly onDaemons: (reports: readonly DaemonReport[]) => void
}

/** Where the executor of these nodes keeps its books: the same place for the same nodes. */
export function defaultStateDir(inventory: Inventory): string {
  const nodes = inventory.nodes.map(({ id, socket, netns }) => [id, socket, netns])
  const hash = createHash('sha256').update(JSON.stringify(nodes)).digest('hex').slice(0, 16)
  const base = process.getuid?.() === 0 ? '/run/meshswarm' : join(homedir(), '.local', 'state', 'meshswarm')
  return join(base, 'executor', hash)
}

/**
 * The driver's line to the executor. Starts one where none runs, takes up with one that an earlier coordinator
 * left behind, and starts another when it dies. What was under way then rejects with UNAVAILABLE.
 */
export class ExecutorClient {
  readonly #clock: Clock
  readonly #options: ExecutorOptions
  readonly #waiting = new Map<number, Waiting>()
  #stream: Promise<MessageStream> | undefined
  #lastId = 0
  #closed = false

  constructor(clock: Clock, options: ExecutorOptions) {
    this.#clock = clock
    this.#options = options
  }

  /** Rejects with UNAVAILABLE where no executor can be started within eight seconds. */
  async open(signal?: AbortSignal): Promise<void> {
    await this.#connected(signal)
  }

  /** The caller knows the type of the answer to its call. Rejects with what the executor rejects with. */
  async call<T>(call: ExecutorCall, signal?: AbortSignal): Promise<T> {
    throwIfCancelled(signal, 'The call')
    const stream = await this.#connected(signal)
    return (await this.#request(stream, call, signal)) as T
  }

  /** Hangs up. The executor ends by itself when nothing is pending. A second call does nothing. */
  async close(): Promise<void> {
    this.#closed = true
    const stream = await this.#stream?.catch(() => undefined)
    stream?.close()
  }

  #connected(signal: AbortSignal | undefined): Promise<MessageStream> {
    if (this.#closed) return Promise.reject(meshSwarmError('UNAVAILABLE', 'The driver is closed.'))
    if (!this.#stream) {
      const opening = this.#connect()
      this.#stream = opening
      opening.catch(() => {
        if (this.#stream === opening) this.#stream = undefined
      })
    }
    return untilAborted(this.#stream, signal)
  }

  async #connect(): Promise<MessageStream> {
    const path = join(this.#options.stateDir, 'executor.sock')
    const deadline = this.#clock.now() + START_MS
    for (let attempt = 0; ; attempt++) {
      const stream = await this.#dial(path)
      // One that is being killed may take the call and die before it answers.
      if (stream && (await this.#hello(stream))) return stream
      if (this.#closed || this.#clock.now() > deadline) {
        throw meshSwarmError('UNAVAILABLE', `No executor answers at ${path}; see executor.log beside it.`)
      }
      // One that is just leaving still holds the lock: try another start now and then.
      const ownNetns = this.#options.inventory.nodes.every(({ netns }) => netns !== undefined)
      if (attempt % 100 === 0) startExecutor(this.#options.stateDir, ownNetns)
      await this.#clock.sleep(20)
    }
  }

  #dial(path: string): Promise<MessageStream | undefined> {
    return new Promise((resolve) => {
      const socket = connect({ path })
      socket.once('error', () => resolve(undefined))
      socket.once('connect', () => {
        socket.removeAllListeners('error')
        const stream: MessageStream = new MessageStream(socket, {
          onMessage: (message) => this.#take(message as HostReply),
          onClose: () => this.#lost(stream),
        })
        resolve(stream)
      })
    })
  }

  /** Introduces this driver. False where the connection ended before the answer. */
  async #hello(stream: MessageStream): Promise<boolean> {
    const { inventory, onDaemons } = this.#options
    try {
      onDaemons((await this.#request(stream, { op: 'hello', inventory })) as readonly DaemonReport[])
      return true
    } catch (error) {
      if (!hasCode(error, 'UNAVAILABLE')) throw error
      stream.close()
      return false
    }
  }

  async #request(stream: MessageStream, call: ExecutorCall, signal?: AbortSignal): Promise<unknown> {
    const id = ++this.#lastId
    const answer = Promise.withResolvers<unknown>()
    this.#waiting.set(id, answer)
    const onAbort = () => {
      stream.send({ id: 0, op: 'cancel', target: id })
      if (signal) answer.reject(cancelledError(signal, 'The call'))
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    stream.send({ ...call, id })
    try {
      return await answer.promise
    } finally {
      this.#waiting.delete(id)
      signal?.removeEventListener('abort', onAbort)
    }
  }

  #take(reply: HostReply): void {
    if ('event' in reply) this.#options.onDaemons(reply.reports)
    else if ('error' in reply) this.#waiting.get(reply.id)?.reject(toError(reply.error))
    else this.#waiting.get(reply.id)?.resolve(reply.result)
  }

  #lost(stream: MessageStream): void {
    for (const { reject } of this.#waiting.values()) {
      reject(
        meshSwarmError('UNAVAILABLE', 'The executor is gone; another one is started.', { retryAfterMs: 200 }),
      )
    }
    this.#waiting.clear()
    void this.#stream
      ?.then((current) => {
        if (current !== stream) return
        this.#stream = undefined
        // At once, not at the next call: what the dead one had pending has to be undone in time.
        if (!this.#closed) this.#connected(undefined).catch(() => undefined)
      })
      .catch(() => undefined)
  }
}

/** Detached: it keeps its promise to undo when this process, or its whole process group, is killed. */
function startExecutor(stateDir: string, ownNetns: boolean): void {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const log = openSync(join(stateDir, 'executor.log'), 'a', 0o600)
  try {
    const options = { detached: true, stdio: ['ignore', log, log] as ['ignore', number, number], cwd: '/' }
    const argv = [process.execPath, '--disable-warning=ExperimentalWarning', MAIN, stateDir]
    // See `ScopeIndexes`: it must not share a namespace with anybody once it holds sockets of several.
    const [file = '', ...args] = ownNetns ? ['unshare', '--net', ...argv, 'own-netns'] : argv
    const child = spawn(file, args, options)
    child.on('error', () => undefined)
    child.unref()
  } finally {
    closeSync(log)
  }
}

function toError({ code, message, details }: { code: string; message: string; details?: unknown }): Error {
  const kind: ErrorCode = Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'INVARIANT'
  return meshSwarmError(kind, message, { details: (details ?? {}) as Record<string, unknown> })
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    throwIfCancelled(signal, 'The call')
    const onAbort = () => reject(cancelledError(signal, 'The call'))
    signal.addEventListener('abort', onAbort, { once: true })
    const stop = () => signal.removeEventListener('abort', onAbort)
    work.then(
      (value) => {
        stop()
        resolve(value)
      },
      (error: unknown) => {
        stop()
        reject(error)
      },
    )
  })
}
