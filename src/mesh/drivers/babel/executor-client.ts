import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type Clock, cancelledError, hasCode, meshSwarmError, throwIfCancelled } from '../../../core/index.ts'
import type { GateState, Prover } from '../../gate.ts'
import { toError } from './executor-error.ts'
import { MessageStream } from './host/message-stream.ts'
import type { DaemonReport, HostReply, HostRequest, Welcome } from './host/protocol.ts'
import type { Inventory } from './inventory.ts'

const START_MS = 8000

/** A request without its number. */
export type ExecutorCall = HostRequest extends infer R
  ? R extends { id: number }
    ? Omit<R, 'id'>
    : never
  : never

/**
 * What becomes the executor of the nodes: a program that is started as `node FILE STATE_DIR ARGS...`, with `own-netns`
 * at the end where it has a network namespace of its own, and serves as `serveExecutor` does.
 */
export interface ExecutorProgram {
  readonly file: string
  readonly args: readonly string[]
}

interface Waiting {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

export interface ExecutorOptions {
  readonly program: ExecutorProgram
  readonly stateDir: string
  readonly inventory: Inventory
  readonly onDaemons: (reports: readonly DaemonReport[]) => void
}

/** A connection, and what the gate behind it says of itself. */
interface Line {
  readonly stream: MessageStream
  gate: GateState
}

/**
 * The driver's line to the executor. Starts one where none runs, takes up with one that an earlier coordinator
 * left behind, and starts another when it dies. What was under way then rejects with UNAVAILABLE.
 */
export class ExecutorClient {
  readonly #clock: Clock
  readonly #options: ExecutorOptions
  readonly #waiting = new Map<number, Waiting>()
  #line: Promise<Line> | undefined
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

  /** What the gate says of itself. */
  async gate(signal: AbortSignal): Promise<GateState> {
    return (await this.#connected(signal)).gate
  }

  /**
   * The caller knows the type of the answer to its call. Rejects with what the executor rejects with, and with what
   * the prover does.
   */
  async call<T>(call: ExecutorCall, signal: AbortSignal, prover?: Prover): Promise<T> {
    throwIfCancelled(signal, 'The call')
    const { stream, gate } = await this.#connected(signal)
    const proof = await prover?.(gate, signal)
    return (await this.#request(stream, { ...call, ...(proof ? { proof } : {}) }, signal)) as T
  }

  /** Hangs up. The executor ends by itself when nothing is pending. A second call does nothing. */
  async close(): Promise<void> {
    this.#closed = true
    const line = await this.#line?.catch(() => undefined)
    line?.stream.close()
  }

  #connected(signal: AbortSignal | undefined): Promise<Line> {
    if (this.#closed) return Promise.reject(meshSwarmError('UNAVAILABLE', 'The driver is closed.'))
    if (!this.#line) {
      const opening = this.#connect()
      this.#line = opening
      opening.catch(() => {
        if (this.#line === opening) this.#line = undefined
      })
    }
    return untilAborted(this.#line, signal)
  }

  async #connect(): Promise<Line> {
    const path = join(this.#options.stateDir, 'executor.sock')
    const deadline = this.#clock.now() + START_MS
    for (let attempt = 0; ; attempt++) {
      const stream = await this.#dial(path)
      // One that is being killed may take the call and die before it answers.
      const gate = stream && (await this.#hello(stream))
      if (gate) return { stream, gate }
      if (this.#closed || this.#clock.now() > deadline) {
        throw meshSwarmError('UNAVAILABLE', `No executor answers at ${path}; see executor.log beside it.`)
      }
      // One that is just leaving still holds the lock: try another start now and then.
      const ownNetns = this.#options.inventory.nodes.every(({ netns }) => netns !== undefined)
      if (attempt % 100 === 0) startExecutor(this.#options, ownNetns)
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

  /** Introduces this driver. Undefined where the connection ended before the answer. */
  async #hello(stream: MessageStream): Promise<GateState | undefined> {
    const { inventory, onDaemons } = this.#options
    try {
      const { reports, gate } = (await this.#request(stream, { op: 'hello', inventory })) as Welcome
      onDaemons(reports)
      return gate
    } catch (error) {
      if (!hasCode(error, 'UNAVAILABLE')) throw error
      stream.close()
      return undefined
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
    if ('event' in reply) this.#hear(reply)
    else if ('error' in reply) this.#waiting.get(reply.id)?.reject(toError(reply.error))
    else this.#waiting.get(reply.id)?.resolve(reply.result)
  }

  #hear(event: Extract<HostReply, { event: string }>): void {
    if (event.event === 'daemons') {
      this.#options.onDaemons(event.reports)
      return
    }
    void this.#line
      ?.then((line) => {
        line.gate = event.state
      })
      .catch(() => undefined)
  }

  #lost(stream: MessageStream): void {
    for (const { reject } of this.#waiting.values()) {
      reject(
        meshSwarmError('UNAVAILABLE', 'The executor is gone; another one is started.', { retryAfterMs: 200 }),
      )
    }
    this.#waiting.clear()
    void this.#line
      ?.then((current) => {
        if (current.stream !== stream) return
        this.#line = undefined
        // At once, not at the next call: what the dead one had pending has to be undone in time.
        if (!this.#closed) this.#connected(undefined).catch(() => undefined)
      })
      .catch(() => undefined)
  }
}

/** Detached: it keeps its promise to undo when this process, or its whole process group, is killed. */
function startExecutor({ program, stateDir }: ExecutorOptions, ownNetns: boolean): void {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const log = openSync(join(stateDir, 'executor.log'), 'a', 0o600)
  try {
    const options = { detached: true, stdio: ['ignore', log, log] as ['ignore', number, number], cwd: '/' }
    const { file: main, args: own } = program
    const argv = [process.execPath, '--disable-warning=ExperimentalWarning', main, stateDir, ...own]
    // See `ScopeIndexes`: it must not share a namespace with anybody once it holds sockets of several.
    const [file = '', ...args] = ownNetns ? ['unshare', '--net', ...argv, 'own-netns'] : argv
    const child = spawn(file, args, options)
    child.on('error', () => undefined)
    child.unref()
  } finally {
    closeSync(log)
  }
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
