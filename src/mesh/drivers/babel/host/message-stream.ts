import type { Socket } from 'node:net'

export interface MessageStreamEvents {
  readonly onMessage: (message: unknown) => void
  /** Once. */
  readonly onClose: () => void
}

/** JSON objects over a socket, one a line. A line that is no JSON ends the connection: the other end is not ours. */
export class MessageStream {
  readonly #socket: Socket
  #pending: string[] = []

  constructor(socket: Socket, events: MessageStreamEvents) {
    this.#socket = socket
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => this.#take(chunk, events))
    socket.on('error', () => socket.destroy())
    socket.once('close', events.onClose)
  }

  /** Hands the message to the system; dropped without a word after the end. */
  send(message: unknown): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(message)}\n`)
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(chunk: string, events: MessageStreamEvents): void {
    let start = 0
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', start)) {
      this.#pending.push(chunk.slice(start, end))
      const line = this.#pending.join('')
      this.#pending = []
      start = end + 1
      let message: unknown
      try {
        message = JSON.parse(line)
      } catch {
        this.#socket.destroy()
        return
      }
      events.onMessage(message)
    }
    if (start < chunk.length) this.#pending.push(chunk.slice(start))
  }
}
