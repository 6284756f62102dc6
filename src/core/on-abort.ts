/** One who listens, in a ring with all who listen to the same signal. The first place is nobody's: the ring ends there. */
class Place {
  readonly call: () => void
  #before: Place = this
  #after: Place = this

  constructor(call: () => void) {
    this.call = call
  }

  /** Who has listened longest; undefined where nobody does. */
  get first(): Place | undefined {
    return this.#after === this ? undefined : this.#after
  }

  /** Behind all that are in the ring of this end. */
  enter(end: Place): void {
    this.#before = end.#before
    this.#after = end
    end.#before.#after = this
    end.#before = this
  }

  /** Alone, it is a ring of its own: a second call does nothing. */
  leave(): void {
    this.#before.#after = this.#after
    this.#after.#before = this.#before
    this.#before = this
    this.#after = this
  }
}

const RING = Symbol('those who listen')

/** Found for every step that is done: a WeakMap of signals costs four times as much. */
interface Listened extends AbortSignal {
  [RING]?: Place
}

/**
 * Calls back once when the signal aborts, at once where it has, until the returned function is called. Of the many that
 * may listen to one signal Node knows a single one: it goes through all it knows to add one or to take one out.
 */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  if (signal.aborted) {
    call()
    return () => undefined
  }
  const listened: Listened = signal
  const end = listened[RING] ?? listen(signal)
  listened[RING] = end
  const place = new Place(call)
  place.enter(end)
  return () => place.leave()
}

function listen(signal: AbortSignal): Place {
  const end = new Place(() => undefined)
  const all = () => {
    // One who is called may make another one leave, who then is not called.
    for (let { first } = end; first; { first } = end) {
      first.leave()
      first.call()
    }
  }
  signal.addEventListener('abort', all, { once: true })
  return end
}
