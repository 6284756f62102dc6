import type { Cancel, Clock } from '../core/index.ts'

/** The signs of life of one piece of work. */
export class Pulse {
  readonly #clock: Clock
  readonly #idleMs: number
  #last = 0

  constructor({ clock }: { readonly clock: Clock }, { idleMs }: { readonly idleMs: number }) {
    this.#clock = clock
    this.#idleMs = idleMs
  }

  get idleMs(): number {
    return this.#idleMs
  }

  beat(): void {
    this.#last = this.#clock.now()
  }

  /** Calls back, once, when there has been no beat for `idleMs`. The returned function ends the watch. */
  watch(onSilence: () => void): Cancel {
    this.beat()
    // One timer, whatever the beats: it looks again when the last one it knew of is too old.
    const look = () => {
      const left = this.#last + this.#idleMs - this.#clock.now()
      if (left <= 0) onSilence()
      else cancel = this.#clock.after(left, look)
    }
    let cancel = this.#clock.after(this.#idleMs, look)
    return () => cancel()
  }
}
