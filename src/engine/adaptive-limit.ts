import {
  type Clock,
  cancelledError,
  fromUnknown,
  type MeshSwarmError,
  throwIfCancelled,
} from '../core/index.ts'

export interface AdaptiveLimitOptions {
  /** Calls at a time, to begin with. Default 10. */
  readonly initial?: number
  /** And at most. Default 100. */
  readonly most?: number
}

/** The right to one call. Both may be called once; without `begin`, nothing is learnt from it. */
export interface Permit {
  begin(): void
  /** With the error that the call has failed with. */
  end(error?: MeshSwarmError): void
}

interface Begun {
  readonly at: number
  /** There was room for no other call. */
  readonly full: boolean
  /** How often the limit had been lowered by then. */
  readonly decreases: number
}

/** Weights of the newest latency in what it is now, and in what it usually is. */
const NOW = 0.1
const USUALLY = 0.002
/** Latency that has risen so far says that the upstream has too much to do. */
const RISEN = 2
const WARM_UP = 20
const AFTER_REFUSAL = 0.5
const AFTER_RISE = 0.8

/**
 * How many calls of one upstream may be under way: one more for every round of calls that went well, half as many where
 * it refused one, four fifths where it takes much longer than usual (additive increase, multiplicative decrease: Chiu
 * and Jain, 1989). A round that began before the last decrease brings no second one. Whoever is too many waits in order.
 */
export class AdaptiveLimit {
  readonly #clock: Clock
  readonly #most: number
  readonly #waiting: (() => void)[] = []
  #limit: number
  #underWay = 0
  #now: number | undefined
  #usually = 0
  #calls = 0
  #decreases = 0
  /** The upstream has asked for a pause until then. */
  #pausedUntil = Number.NEGATIVE_INFINITY
  #waking = false

  constructor({ clock }: { readonly clock: Clock }, { initial = 10, most = 100 }: AdaptiveLimitOptions = {}) {
    this.#clock = clock
    this.#limit = initial
    this.#most = most
  }

  /** Calls that may be under way now. */
  get limit(): number {
    return Math.floor(this.#limit)
  }

  get underWay(): number {
    return this.#underWay
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** Settles like the call. Rejects CANCELLED, without making it, where the signal aborts while it waits. */
  async run<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const permit = await this.enter(signal)
    permit.begin()
    try {
      const value = await call()
      permit.end()
      return value
    } catch (thrown) {
      permit.end(fromUnknown(thrown))
      throw thrown
    }
  }

  /** The right to one call, that has to be ended. Rejects CANCELLED where the signal aborts while it waits. */
  async enter(signal: AbortSignal): Promise<Permit> {
    throwIfCancelled(signal, 'The call')
    if (this.#mayStart() && this.#waiting.length === 0) this.#underWay++
    else await this.#wait(signal)
    let begun: Begun | undefined
    return {
      begin: () => {
        const full = this.#underWay >= this.limit
        begun = { at: this.#clock.now(), full, decreases: this.#decreases }
      },
      end: (error) => {
        this.#underWay--
        if (begun && error) this.#failed(begun, error)
        else if (begun) this.#wentWell(begun)
        this.#next()
      },
    }
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const turn = Promise.withResolvers<void>()
    let granted = false
    const start = () => {
      granted = true
      turn.resolve()
    }
    const leave = () => {
      const index = this.#waiting.indexOf(start)
      if (index >= 0) this.#waiting.splice(index, 1)
      turn.resolve()
    }
    this.#waiting.push(start)
    signal.addEventListener('abort', leave, { once: true })
    this.#next()
    await turn.promise
    signal.removeEventListener('abort', leave)
    if (!signal.aborted) return
    if (granted) {
      this.#underWay--
      this.#next()
    }
    throw cancelledError(signal, 'The call')
  }

  /** Lets in who may start, and looks again at the end of a pause. */
  #next(): void {
    while (this.#mayStart()) {
      const start = this.#waiting.shift()
      if (!start) return
      this.#underWay++
      start()
    }
    const pause = this.#pausedUntil - this.#clock.now()
    if (pause <= 0 || this.#waking || this.#waiting.length === 0) return
    this.#waking = true
    this.#clock.after(pause, () => {
      this.#waking = false
      this.#next()
    })
  }

  #mayStart(): boolean {
    return this.#underWay < this.limit && this.#clock.now() >= this.#pausedUntil
  }

  /** Where the limit was not what held it back, that it went well says nothing about a higher one. */
  #wentWell(begun: Begun): void {
    this.#note(this.#clock.now() - begun.at)
    if (this.#calls > WARM_UP && (this.#now ?? 0) > RISEN * this.#usually) this.#decrease(begun, AFTER_RISE)
    else if (begun.full) this.#limit = Math.min(this.#most, this.#limit + 1 / this.#limit)
  }

  #failed(begun: Begun, error: MeshSwarmError): void {
    if (!saysTooMuch(error)) return
    this.#decrease(begun, AFTER_REFUSAL)
    if (error.retryAfterMs !== undefined)
      this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.now() + error.retryAfterMs)
  }

  #decrease({ decreases }: Begun, factor: number): void {
    if (decreases < this.#decreases) return
    this.#decreases++
    this.#limit = Math.max(1, this.#limit * factor)
  }

  #note(latency: number): void {
    this.#calls++
    this.#now = this.#now === undefined ? latency : this.#now + NOW * (latency - this.#now)
    // Of the first few the plain mean: an average that starts with one value would keep it for hundreds.
    this.#usually += Math.max(USUALLY, 1 / this.#calls) * (latency - this.#usually)
  }
}

function saysTooMuch({ code }: MeshSwarmError): boolean {
  return code === 'RATE_LIMITED' || code === 'INSUFFICIENT_RESOURCES' || code === 'TIMEOUT'
}
