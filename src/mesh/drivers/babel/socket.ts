import { connect, type Socket } from 'node:net'
import { type Clock, cancelledError, meshSwarmError, throwIfCancelled } from '../../../core/index.ts'
import { LineSplitter } from './lines.ts'
import { type BabelLine, parseLine } from './parser.ts'

export interface Greeting {
  readonly protocol: string
  readonly version: string
  readonly host: string
  readonly routerId: string
}

export interface BabelSocketOptions {
  /** What arrives outside of a request, or as the answer to `monitor` and `dump`: every line but ok, no and bad. */
  readonly onLine?: (line: string) => void
  /** Once, when the connection is over for whatever reason. */
  readonly onClose?: (reason: Error | undefined) => void
  /** A daemon that is stopped accepts connections and says nothing: how long to wait for an answer. */
  readonly answerWithinMs?: number
}

interface PendingRequest {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/**
 * One connection to a babeld's local control socket. Requests are answered in order. Reads without pause, since
 * babeld drops a slow reader. After the end every request rejects with DAEMON_UNAVAILABLE; it does not reconnect.
 */
export class BabelSocket {
  readonly path: string
  readonly #socket: Socket
  readonly #clock: Clock
  readonly #options: BabelSocketOptions
  readonly #pending: PendingRequest[] = []
  readonly #greeting: Record<string, string> = {}
  #greeted = false
  #closed = false

  private constructor(socket: Socket, path: string, clock: Clock, options: BabelSocketOptions) {
    this.path = path
    this.#socket = socket
    this.#clock = clock
    this.#options = options
    const splitter = new LineSplitter((line) => this.#take(line))
    socket.on('data', (chunk) => splitter.push(chunk))
    socket.on('error', (error) => this.#end(error))
    socket.on('close', () => this.#end(undefined))
  }

  /**
   * Connects and waits for the greeting. Rejects with DAEMON_UNAVAILABLE where nobody listens, where the daemon
   * does not answer in time (`details.reason` is `silent`), and with CANCELLED on abort.
   */
  static async open(
    clock: Clock,
    path: string,
    options: BabelSocketOptions,
    signal?: AbortSignal,
  ): Promise<BabelSocket> {
    throwIfCancelled(signal, 'The connection')
    const socket = connect({ path })
    const connection = new BabelSocket(socket, path, clock, options)
    await connection.#expectAnswer(signal)
    return connection
  }

  get greeting(): Greeting {
    const said = this.#greeting
    const { version = '', host = '' } = said
    return { protocol: said.BABEL ?? '', version, host, routerId: said['my-id'] ?? '' }
  }

  get closed(): boolean {
    return this.#closed
  }

  /**
   * Sends one statement and waits for its `ok`; the lines in between go to `onLine`. Rejects with INVALID_ACTION
   * on `no` and `bad`, with DAEMON_UNAVAILABLE when the connection ends or no answer comes, CANCELLED on abort.
   * A request that was not answered ends the connection: its answer would be taken for the next one's.
   */
  async request(statement: string, signal?: AbortSignal): Promise<void> {
    throwIfCancelled(signal, 'The request')
    if (this.#closed) throw unavailable(this.path, 'the connection is closed', 'closed')
    this.#socket.write(`${statement}\n`)
    await this.#expectAnswer(signal)
  }

  close(): void {
    this.#end(undefined)
  }

  async #expectAnswer(signal: AbortSignal | undefined): Promise<void> {
    const answer = Promise.withResolvers<void>()
    this.#pending.push({ resolve: answer.resolve, reject: answer.reject })
    const onAbort = () => signal && this.#end(cancelledError(signal, 'The request'))
    const cancelTimer = this.#clock.after(this.#options.answerWithinMs ?? 2000, () =>
      this.#end(unavailable(this.path, 'no answer in time', 'silent')),
    )
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      await answer.promise
    } finally {
      cancelTimer()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  #take(text: string): void {
    const first = text.charCodeAt(0)
    // Only o(k), n(o) and b(ad) can be answers; everything else of a long stream is not parsed twice.
    if (first !== 111 && first !== 110 && first !== 98 && this.#greeted) {
      this.#options.onLine?.(text)
      return
    }
    const line = parseLine(text)
    if (line.kind === 'greeting' && !this.#greeted) this.#greeting[line.key] = line.value
    else if (isAnswer(line)) this.#answer(line)
    else this.#options.onLine?.(text)
  }

  #answer(line: BabelLine): void {
    this.#greeted = true
    const request = this.#pending.shift()
    if (line.kind === 'ok') request?.resolve()
    else {
      const why =
        line.kind === 'no' ? `babeld refuses: ${line.message}` : 'babeld does not know the statement'
      request?.reject(meshSwarmError('INVALID_ACTION', why, { details: { socket: this.path } }))
    }
  }

  #end(reason: Error | undefined): void {
    if (this.#closed) return
    this.#closed = true
    this.#socket.destroy()
    const error = reason && 'kind' in reason ? reason : unavailable(this.path, why(reason), 'closed', reason)
    for (const request of this.#pending.splice(0)) request.reject(error)
    this.#options.onClose?.(reason)
  }
}

function isAnswer(line: BabelLine): boolean {
  return line.kind === 'ok' || line.kind === 'no' || line.kind === 'bad'
}

function why(reason: Error | undefined): string {
  return reason ? reason.message : 'the daemon closed the connection'
}

function unavailable(path: string, message: string, reason: string, cause?: Error): Error {
  return meshSwarmError(
    'DAEMON_UNAVAILABLE',
    `The routing daemon at ${path} cannot be reached: ${message}.`,
    {
      details: { socket: path, reason, errno: (cause as NodeJS.ErrnoException | undefined)?.code },
      cause,
    },
  )
}
