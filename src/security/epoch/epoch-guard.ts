import { type Cancel, type Clock, type MeshSwarmError, meshSwarmError } from '../../core/index.ts'
import type { PublicKey } from '../keys.ts'
import type { EpochStore } from './epoch-file.ts'
import { type Epoch, openEpoch, type SignedEpoch } from './signed-epoch.ts'

export interface EpochGuardComponents {
  readonly clock: Clock
  readonly store: EpochStore
}

export interface EpochGuardOptions {
  readonly rootPublicKey: PublicKey
  /** So long after its issue an epoch is believed. Default 24 h. */
  readonly freshForMs?: number
}

/** Why nothing is let through; `damaged`: what was kept of the last epoch cannot be believed. */
export type Closed = 'no-epoch' | 'damaged' | 'halted' | 'stale'

const DEFAULT_FRESH_MS = 24 * 3_600_000
/** Clocks differ: an epoch may come from so far ahead. */
const MOST_SKEW_MS = 5 * 60_000

/**
 * The kill switch of one node: it lets changes through while the latest epoch says so, and it is fresh. Fails closed:
 * without an epoch, with one that is damaged, halted or stale, nothing passes; only the healing of the node's own
 * daemon does where the epoch is stale. The latest one survives a restart, so that nobody brings back an earlier one.
 */
export class EpochGuard {
  readonly #components: EpochGuardComponents
  readonly #key: PublicKey
  readonly #freshForMs: number
  #latest: SignedEpoch | undefined
  /** When it was found that what was kept cannot be believed. */
  #damagedAt: number | undefined
  #running = new AbortController()
  #cancelStale: Cancel = () => undefined
  readonly #listeners = new Set<() => void>()
  /** What the listeners know. */
  #said = ''
  #accepting: Promise<unknown> = Promise.resolve()

  private constructor(components: EpochGuardComponents, { rootPublicKey, freshForMs }: EpochGuardOptions) {
    this.#components = components
    this.#key = rootPublicKey
    this.#freshForMs = freshForMs ?? DEFAULT_FRESH_MS
  }

  /** With what was kept. Never rejects for that: what cannot be believed closes the guard. */
  static async open(components: EpochGuardComponents, options: EpochGuardOptions): Promise<EpochGuard> {
    const guard = new EpochGuard(components, options)
    try {
      const kept = await components.store.read()
      if (kept !== undefined) guard.#latest = openEpoch(kept, options.rootPublicKey)
    } catch {
      guard.#damagedAt = components.clock.now()
    }
    guard.#settle()
    return guard
  }

  get epoch(): Epoch | undefined {
    return this.#latest?.epoch
  }

  /** Undefined while changes pass. */
  get closed(): Closed | undefined {
    const { epoch } = this
    if (this.#damagedAt !== undefined) return 'damaged'
    if (!epoch) return 'no-epoch'
    if (epoch.state === 'halted') return 'halted'
    return this.#components.clock.now() >= epoch.issuedAt + this.#freshForMs ? 'stale' : undefined
  }

  /** Hears when the epoch, or what is let through, is another one; that it becomes stale as well. */
  onChange(listener: () => void): Cancel {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Aborts, with ACTION_DENIED, the moment the guard closes; there is another one once it is open again. */
  get signal(): AbortSignal {
    return this.#running.signal
  }

  /**
   * Throws ACTION_DENIED, with `details.reason`, while the guard is closed. `ownDaemon`: a node starts or resumes its own
   * daemon, which passes with an epoch that is stale and no other.
   */
  admit({ ownDaemon = false }: { readonly ownDaemon?: boolean } = {}): void {
    const { closed } = this
    if (closed === undefined || (closed === 'stale' && ownDaemon)) return
    throw this.#refusal(closed)
  }

  /**
   * Takes a later epoch, from whomever, and keeps it before it counts. False for one that is not later. Rejects like
   * `openEpoch`, INVALID_INPUT for one from the future, CONFLICT for another one of the present number, ACTION_DENIED for
   * one that was issued before the last one was lost, UNAVAILABLE where it cannot be kept: what was before goes on, but
   * for a halt, which counts at once.
   */
  accept(value: unknown): Promise<boolean> {
    const accepting = this.#accepting.then(() => this.#accept(value))
    this.#accepting = accepting.catch(() => undefined)
    return accepting
  }

  async #accept(value: unknown): Promise<boolean> {
    const signed = openEpoch(value, this.#key)
    const { number, state, issuedAt } = signed.epoch
    if (issuedAt > this.#components.clock.now() + MOST_SKEW_MS)
      throw meshSwarmError('INVALID_INPUT', `Epoch ${number} is from the future: check the clocks.`)
    const present = this.#latest?.epoch
    if (present && number === present.number && this.#latest?.signature !== signed.signature)
      throw meshSwarmError(
        'CONFLICT',
        `There are two epochs ${number}: the authority has to issue a later one.`,
      )
    if (present && number <= present.number) return false
    // Nobody knows which one was the last: it may have been a halt that somebody wants to be forgotten.
    if (issuedAt < (this.#damagedAt ?? 0)) throw this.#refusal('damaged')
    if (state === 'halted') this.#take(signed)
    await this.#components.store.write(signed)
    this.#take(signed)
    return true
  }

  #take(signed: SignedEpoch): void {
    this.#latest = signed
    this.#damagedAt = undefined
    this.#settle()
  }

  /** Brings the signal in line with the epoch, now and at the moment in which it becomes stale. */
  #settle(): void {
    this.#setSignal()
    const { closed, epoch } = this
    const says = `${epoch?.number} ${closed}`
    if (says === this.#said) return
    this.#said = says
    for (const listener of this.#listeners) listener()
  }

  #setSignal(): void {
    const { clock } = this.#components
    this.#cancelStale()
    const { closed, epoch } = this
    if (closed !== undefined) {
      this.#running.abort(this.#refusal(closed))
      return
    }
    if (this.#running.signal.aborted) this.#running = new AbortController()
    const staleAt = (epoch?.issuedAt ?? 0) + this.#freshForMs
    this.#cancelStale = clock.after(staleAt - clock.now(), () => this.#settle())
  }

  #refusal(closed: Closed): MeshSwarmError {
    const { epoch } = this
    const why = {
      'no-epoch': 'no epoch of the authority is known here',
      damaged: 'what was kept of the last epoch cannot be believed: the authority has to issue another one',
      halted: `epoch ${epoch?.number} has halted the mesh: ${epoch?.reason}`,
      stale: `epoch ${epoch?.number} is too old to be believed: give it a later one`,
    }[closed]
    return meshSwarmError('ACTION_DENIED', `Not allowed: ${why}.`, {
      details: { reason: closed, epoch: epoch?.number },
    })
  }
}
