import type { Clock } from '../../../core/index.ts'
import { BabelSocket, type Greeting } from './socket.ts'

export interface MonitorEvents {
  /** A connection is greeted: a whole table follows, what was known before is replaced at `synced`. */
  readonly start: (greeting: Greeting) => void
  readonly line: (line: string) => void
  /** The table is complete; from now on changes. */
  readonly synced: () => void
  /**
   * Not connected. `gone`: nobody listens on the socket, so no daemon runs. `silent`: somebody listens and says
   * nothing. `cut`: the connection ended, which happens to slow readers too.
   */
  readonly down: (how: 'gone' | 'silent' | 'cut') => void
}

export interface MonitorOptions {
  readonly retryMinMs?: number
  readonly retryMaxMs?: number
  readonly answerWithinMs?: number
}

/**
 * Keeps one `monitor` connection to a babeld alive: reconnects at once after a cut, then with a doubling wait.
 * `stop` ends it for good and calls nothing afterwards; a second call does nothing.
 */
export class BabelMonitor {
  readonly #clock: Clock
  readonly #path: string
  readonly #events: MonitorEvents
  readonly #options: MonitorOptions
  readonly #stopped = new AbortController()
  #running: Promise<void> | undefined
  #wake: () => void = () => {}

  constructor(clock: Clock, path: string, events: MonitorEvents, options: MonitorOptions = {}) {
    this.#clock = clock
    this.#path = path
    this.#events = events
    this.#options = options
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Tries again now instead of waiting out the back-off, e.g. when the daemon was started anew. */
  retryNow(): void {
    this.#wake()
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    this.#wake()
    await this.#running
  }

  async #run(): Promise<void> {
    const { retryMinMs = 20, retryMaxMs = 1000 } = this.#options
    let wait = retryMinMs
    while (!this.#stopped.signal.aborted) {
      const synced = await this.#session()
      if (this.#stopped.signal.aborted) return
      wait = synced ? retryMinMs : Math.min(wait * 2, retryMaxMs)
      await this.#pause(wait)
    }
  }

  /** One connection, from greeting to end. True where the table was complete. */
  async #session(): Promise<boolean> {
    const signal = this.#stopped.signal
    const over = Promise.withResolvers<void>()
    let synced = false
    try {
      const connection = await BabelSocket.open(
        this.#clock,
        this.#path,
        {
          answerWithinMs: this.#options.answerWithinMs ?? 2000,
          onLine: (line) => signal.aborted || this.#events.line(line),
          onClose: () => over.resolve(),
        },
        signal,
      )
      const close = () => connection.close()
      signal.addEventListener('abort', close, { once: true })
      try {
        this.#events.start(connection.greeting)
        await connection.request('monitor', signal)
        synced = true
        this.#events.synced()
        await over.promise
      } finally {
        signal.removeEventListener('abort', close)
        connection.close()
      }
      if (!signal.aborted) this.#events.down('cut')
    } catch (error) {
      if (!signal.aborted) this.#events.down(howDown(error))
    }
    return synced
  }

  async #pause(ms: number): Promise<void> {
    const woken = Promise.withResolvers<void>()
    this.#wake = woken.resolve
    const cancel = this.#clock.after(ms, woken.resolve)
    await woken.promise
    cancel()
  }
}

function howDown(error: unknown): 'gone' | 'silent' | 'cut' {
  const details = (error as { details?: { reason?: unknown; errno?: unknown } }).details
  if (details?.errno === 'ENOENT' || details?.errno === 'ECONNREFUSED') return 'gone'
  return details?.reason === 'silent' ? 'silent' : 'cut'
}
