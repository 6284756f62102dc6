import type { NodeId } from '../../core/index.ts'

/**
 * The different nodes that are written within a sliding window. A node counts from its reservation until one window
 * after its last write has ended. Times never run backwards.
 */
export class NodeWindow {
  readonly #windowMs: number
  /** In the order of the times, oldest first. */
  readonly #lastWrite = new Map<NodeId, number>()
  readonly #writing = new Map<NodeId, number>()
  #count = 0

  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  /** How many different nodes count. */
  count(now: number): number {
    this.#forget(now)
    return this.#count
  }

  has(node: NodeId): boolean {
    return this.#lastWrite.has(node) || this.#writing.has(node)
  }

  /** Until the next node stops counting, in ms; undefined while every one of them is being written. */
  freeInMs(now: number): number | undefined {
    for (const [node, at] of this.#lastWrite) {
      if (!this.#writing.has(node)) return at + this.#windowMs - now
    }
    return undefined
  }

  begin(node: NodeId): void {
    if (!this.has(node)) this.#count++
    this.#writing.set(node, (this.#writing.get(node) ?? 0) + 1)
  }

  /** After `begin`: the write has ended, well or not. */
  end(node: NodeId, now: number): void {
    this.#lessWriting(node)
    this.#lastWrite.delete(node)
    this.#lastWrite.set(node, now)
  }

  /** A write that ended then. In the order of the times: one that comes too late counts for longer, never for less. */
  remember(node: NodeId, at: number): void {
    if (!this.has(node)) this.#count++
    else if ((this.#lastWrite.get(node) ?? at) > at) return
    this.#lastWrite.delete(node)
    this.#lastWrite.set(node, at)
  }

  /** After `begin`: nothing was done. */
  cancel(node: NodeId): void {
    this.#lessWriting(node)
    if (!this.has(node)) this.#count--
  }

  #lessWriting(node: NodeId): void {
    const left = (this.#writing.get(node) ?? 1) - 1
    if (left > 0) this.#writing.set(node, left)
    else this.#writing.delete(node)
  }

  #forget(now: number): void {
    for (const [node, at] of this.#lastWrite) {
      if (at > now - this.#windowMs) return
      this.#lastWrite.delete(node)
      if (!this.#writing.has(node)) this.#count--
    }
  }
}
