/** A line that never ends is not ours to keep in memory: beyond this its start is handed over and the rest dropped. */
const MAX_PENDING = 65536

/** Cuts a byte stream into lines. Bytes that are no UTF-8 pass through as latin1: they spoil one line only. */
export class LineSplitter {
  #pending = ''
  #skipping = false
  readonly #onLine: (line: string) => void

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  push(chunk: Buffer | string): void {
    const text = this.#pending + (typeof chunk === 'string' ? chunk : chunk.toString('latin1'))
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      if (this.#skipping) this.#skipping = false
      else this.#onLine(text.slice(start, text.charCodeAt(end - 1) === 13 && end > start ? end - 1 : end))
      start = end + 1
    }
    this.#pending = this.#skipping ? '' : text.slice(start)
    if (this.#pending.length > MAX_PENDING) {
      this.#onLine(this.#pending)
      this.#pending = ''
      this.#skipping = true
    }
  }
}
