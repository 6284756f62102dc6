import type { Clock } from '../../core/index.ts'
import type { KeyPair } from '../capability/index.ts'

/** A token, with the key that its requests are signed with. */
export interface Held {
  readonly key: KeyPair
  readonly token: string
  readonly epoch: number
  /** Clock time in ms. */
  readonly until: number
}

export interface TokenBookComponents<Name> {
  readonly clock: Pick<Clock, 'now'>
  readonly make: (name: Name, epoch: number, signal: AbortSignal) => Promise<Held>
}

/** A token that ends sooner is replaced: what it is used for has to end before it does. */
const RENEW_MS = 5 * 60_000

/** The tokens in use, each made once for all who want it: for the present epoch, and again before it ends. */
export class TokenBook<Name> {
  readonly #components: TokenBookComponents<Name>
  readonly #held = new Map<Name, Promise<Held>>()

  constructor(components: TokenBookComponents<Name>) {
    this.#components = components
  }

  /** Rejects as the making does, CANCELLED included; the next call makes another one. */
  async get(name: Name, epoch: number, signal: AbortSignal): Promise<Held> {
    const known = this.#held.get(name)
    const held = await known?.catch(() => undefined)
    if (held && held.epoch === epoch && held.until - this.#components.clock.now() > RENEW_MS) return held
    // Of several that find this out at once, the first one makes it.
    const present = this.#held.get(name)
    if (present !== undefined && present !== known) return this.get(name, epoch, signal)
    const making = this.#components.make(name, epoch, signal)
    this.#held.set(name, making)
    return making
  }
}
