import {
  type Clock,
  type MeshSwarmError,
  meshSwarmError,
  onAbort,
  RealClock,
  throwIfCancelled,
} from '../../../core/index.ts'
import { type KeyPair, type PublicKey, seedOf } from '../../keys.ts'
import type {
  ApproversAsk,
  BlockContent,
  Capability,
  CapabilityAsk,
  CapabilityEngine,
  CapabilityTerms,
  EngineAnswer,
} from '../engine.ts'
import { EngineThread, type Job } from './engine-thread.ts'
import { type CompiledBiscuit, compileBiscuit } from './load.ts'
import type { Operation, Outcome, SignerSeed } from './protocol.ts'

export interface BiscuitEngineOptions {
  /**
   * Operations of one thread, after which another takes over: the library gives no memory back, and gets slower by it.
   * Default 2000.
   */
  readonly recycleAfter?: number
  /** Real time for one operation, its wait included. Default 5 s. */
  readonly deadlineMs?: number
  /** Operations that may wait. Default 4000. */
  readonly maxPending?: number
  /** Tokens that stay parsed. Default 500. */
  readonly parsedTokens?: number
}

interface Waiting extends Job {
  fail(error: MeshSwarmError): void
  /** Where it waits, and how much was answered there when it came. */
  place?: { readonly thread: EngineThread; readonly answered: number }
}

/** A thread runs on real time, whatever a simulation's clock says. */
const REAL = new RealClock()
/** Of tokens, after which a thread is used up as well: long chains cost it more memory than short ones. */
const MOST_CHARACTERS = 2_000_000
/** The next thread is made when so much of this one is used up: it takes a moment to load. */
const NEARLY = 0.9

/**
 * Biscuit tokens (v3), by the project's own library in WebAssembly, on a thread. The library leaks, panics, and has limits
 * that fit nobody: the thread is replaced after so many operations, and at once when it ends or hangs. That costs the
 * operation it was at, which rejects UNAVAILABLE or TIMEOUT; the others are done by the next thread.
 */
export class BiscuitEngine implements CapabilityEngine {
  readonly #clock: Clock
  readonly #options: Required<BiscuitEngineOptions>
  readonly #threads = new Map<EngineThread, Promise<void>>()
  readonly #waiting = new Set<Waiting>()
  readonly #compiled: CompiledBiscuit = compileBiscuit()
  #current: EngineThread | undefined
  #next: EngineThread | undefined
  #closing: Promise<void> | undefined

  /** Throws UNAVAILABLE where the library is not installed. */
  constructor({ clock }: { readonly clock: Clock }, options: BiscuitEngineOptions = {}) {
    const { recycleAfter = 2000, deadlineMs = 5000, maxPending = 4000, parsedTokens = 500 } = options
    this.#clock = clock
    this.#options = { recycleAfter, deadlineMs, maxPending, parsedTokens }
  }

  async mint(root: KeyPair, terms: CapabilityTerms, signal: AbortSignal): Promise<string> {
    return tokenOf(await this.#ask({ kind: 'mint', root: seedFor(root), terms }, signal))
  }

  async append(
    token: string,
    root: PublicKey,
    block: BlockContent,
    signer: KeyPair | undefined,
    signal: AbortSignal,
  ): Promise<string> {
    const seed = signer && seedFor(signer)
    return tokenOf(await this.#ask({ kind: 'append', token, root, block, signer: seed }, signal))
  }

  async read(token: string, root: PublicKey, signal: AbortSignal): Promise<Capability> {
    const outcome = await this.#ask({ kind: 'read', token, root }, signal)
    return outcome.kind === 'capability' ? outcome.capability : unexpected(outcome)
  }

  async approvers(
    token: string,
    root: PublicKey,
    ask: ApproversAsk,
    now: number,
    signal: AbortSignal,
  ): Promise<readonly PublicKey[]> {
    const outcome = await this.#ask({ kind: 'approvers', token, root, ask, now }, signal)
    return outcome.kind === 'approvers' ? outcome.approvers : unexpected(outcome)
  }

  async authorise(
    token: string,
    root: PublicKey,
    ask: CapabilityAsk,
    now: number,
    signal: AbortSignal,
  ): Promise<EngineAnswer> {
    const outcome = await this.#ask({ kind: 'authorise', token, root, ask, now }, signal)
    return outcome.kind === 'answer' ? outcome.answer : unexpected(outcome)
  }

  close(): Promise<void> {
    this.#closing ??= this.#clock.hold(this.#close())
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    for (const { fail } of this.#waiting) fail(closed())
    for (const thread of this.#threads.keys()) thread.kill()
    await Promise.all(this.#threads.values())
  }

  #ask(operation: Operation, signal: AbortSignal): Promise<Outcome> {
    const { deadlineMs, maxPending } = this.#options
    throwIfCancelled(signal, 'The question')
    if (this.#closing) throw closed()
    if (this.#waiting.size >= maxPending)
      throw meshSwarmError('INSUFFICIENT_RESOURCES', `${maxPending} operations on capabilities wait already.`)
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
    const settle = () => {
      this.#waiting.delete(job)
      stopWaiting()
      stopListening()
    }
    const job: Waiting = {
      operation,
      done: (outcome) => {
        settle()
        resolve(outcome)
      },
      fail: (error) => {
        settle()
        reject(error)
      },
    }
    this.#waiting.add(job)
    this.#give(job)
    const stopWaiting = REAL.after(deadlineMs, () => {
      job.fail(meshSwarmError('TIMEOUT', `A capability was not judged within ${deadlineMs} ms.`))
      // It has done nothing in all this time.
      if (job.place?.thread.answered === job.place?.answered) job.place?.thread.kill()
    })
    const stopListening = onAbort(signal, () =>
      job.fail(meshSwarmError('CANCELLED', 'The question was withdrawn.')),
    )
    return this.#clock.hold(promise)
  }

  #give(job: Waiting): void {
    if (this.#current && this.#isUsedUp(this.#current, 1)) {
      this.#current.retire()
      this.#current = this.#next
      this.#next = undefined
    }
    this.#current ??= this.#start()
    if (this.#isUsedUp(this.#current, NEARLY)) this.#next ??= this.#start()
    job.place = { thread: this.#current, answered: this.#current.answered }
    this.#current.give(job)
  }

  #isUsedUp({ given, characters }: EngineThread, share: number): boolean {
    return given >= this.#options.recycleAfter * share || characters >= MOST_CHARACTERS * share
  }

  #start(): EngineThread {
    const { promise, resolve } = Promise.withResolvers<void>()
    const thread: EngineThread = new EngineThread({
      compiled: this.#compiled,
      parsed: this.#options.parsedTokens,
      onEnd: (left, error) => {
        resolve()
        this.#ended(thread, left as readonly Waiting[], error)
      },
    })
    this.#threads.set(thread, promise)
    return thread
  }

  #ended(thread: EngineThread, left: readonly Waiting[], broken: MeshSwarmError | undefined): void {
    this.#threads.delete(thread)
    if (this.#current === thread) this.#current = undefined
    if (this.#next === thread) this.#next = undefined
    const [first] = left
    if (broken && first && this.#waiting.has(first)) first.fail(broke(broken))
    for (const job of left) if (this.#waiting.has(job)) this.#give(job)
  }
}

function broke(cause: MeshSwarmError): MeshSwarmError {
  return meshSwarmError('UNAVAILABLE', 'What judges capabilities broke down over this one.', { cause })
}

function seedFor(pair: KeyPair): SignerSeed {
  return { publicKey: pair.publicKey, seed: seedOf(pair).toString('hex') }
}

function tokenOf(outcome: Outcome): string {
  return outcome.kind === 'token' ? outcome.token : unexpected(outcome)
}

function unexpected(outcome: Outcome): never {
  if (outcome.kind === 'refused') throw meshSwarmError('INVALID_INPUT', outcome.why)
  throw meshSwarmError('INVARIANT', `An answer to another question: ${outcome.kind}.`)
}

function closed(): MeshSwarmError {
  return meshSwarmError('UNAVAILABLE', 'What judges capabilities is closed.')
}
