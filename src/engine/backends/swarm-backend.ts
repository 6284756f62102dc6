import type { StepId, SwarmId } from '../../core/index.ts'
import type { Json } from './json.ts'
import type { Mail } from './mail.ts'

/**
 * Where the state of swarms lives: five ports under one pure reducer, mail, and a place for what is too large for them.
 * What a port has acknowledged survives `kill -9` of every process. Any number of processes may have the same store open.
 * Every method rejects UNAVAILABLE once the backend is closed, or when the store cannot be reached; nothing has happened
 * then that was not acknowledged. `test/compliance/swarm-backend.ts` is the whole contract.
 */
export interface SwarmBackend extends AsyncDisposable {
  readonly log: PlanLog
  readonly work: WorkQueue
  readonly results: ResultStore
  readonly kv: KeyValue
  readonly bus: MessageBus
  readonly mail: Mail
  readonly blobs: BlobStore
  /** Removes all that is kept of the swarm: plan, results, work, mail, blobs. Nothing of it comes back. */
  forget(swarm: SwarmId): Promise<void>
  /** What all of it takes in the store, about. */
  usedBytes(): Promise<number>
  /** Ends every follower and waiter with UNAVAILABLE. A second call returns the first one's promise. */
  close(): Promise<void>
}

export interface PlanEntry {
  /** From 1, without a gap, for each swarm by itself. */
  readonly version: number
  readonly event: Json
}

/** What was decided, in order: the one truth about a swarm, with its results. */
export interface PlanLog {
  /**
   * All of the events or none, behind `expected`, the version of the last one so far (0 for none). Gives the new
   * version. Rejects CONFLICT where somebody else has appended meanwhile: read what they did, then decide again.
   */
  append(swarm: SwarmId, expected: number, events: readonly Json[]): Promise<number>
  /** Those with a plan, in the order of their first event. */
  swarms(): Promise<readonly SwarmId[]>
  read(swarm: SwarmId, after?: number): Promise<readonly PlanEntry[]>
  /** The latest event; undefined where there is no plan. */
  last(swarm: SwarmId): Promise<PlanEntry | undefined>
  /** What is there behind `after`, then what comes, all that is new at a time, until the signal aborts (CANCELLED). */
  follow(swarm: SwarmId, after: number, signal: AbortSignal): AsyncIterable<readonly PlanEntry[]>
}

export interface WorkItem {
  readonly swarm: SwarmId
  readonly step: StepId
  /** The kind of worker that can do it. */
  readonly queue: string
  /** What the worker needs to know. */
  readonly payload: Json
  /** Each step of priority overtakes the last 99 items and no more. Default 0. */
  readonly priority?: number
  /** The clock's time before which nobody gets it. */
  readonly notBefore?: number
}

export interface Lease {
  readonly swarm: SwarmId
  readonly step: StepId
  readonly payload: Json
  /** Counts the leases of this step from 1: the fencing token of whatever its holder does outside. */
  readonly attempt: number
  /** The worker before was silent until its lease ran out, or was killed: nobody knows how far it came. */
  readonly interrupted: boolean
  readonly until: number
}

export interface LeaseRequest {
  readonly queue: string
  /** Who asks, for people. */
  readonly worker: string
  readonly most: number
  readonly leaseMs: number
}

/** Steps that are ready to be done. Each is with one worker at a time, and comes back when its lease runs out. */
export interface WorkQueue {
  /** Does nothing for a step that is offered already, or that has a result. */
  offer(items: readonly WorkItem[]): Promise<void>
  /** The next items, at least one: waits for it until the signal aborts (CANCELLED). */
  lease(request: LeaseRequest, signal: AbortSignal): Promise<readonly Lease[]>
  /** Keeps the step for another `leaseMs` from now. Rejects CONFLICT when it is another worker's by now. */
  extend(lease: Lease, leaseMs: number): Promise<Lease>
  /** Gives the step back, for whoever asks after `notBefore`. False when it was another worker's by now. */
  release(lease: Lease, notBefore?: number): Promise<boolean>
  /** Takes the step out. False when it was another worker's by now. */
  done(lease: Lease): Promise<boolean>
  /** Takes every step of the swarm out, leased ones included; their holders find out by `extend`. */
  withdraw(swarm: SwarmId): Promise<void>
}

export interface ResultEntry {
  /** Grows over all results of the store, with gaps. */
  readonly seq: number
  readonly step: StepId
  readonly result: Json
}

export interface ResultStore {
  /** The first result of a step stays for good, whoever brings a second one. */
  put(swarm: SwarmId, step: StepId, result: Json): Promise<'stored' | 'duplicate'>
  get(swarm: SwarmId, step: StepId): Promise<Json | undefined>
  /** Those of the swarm behind `after`, in the order in which they were stored. */
  read(swarm: SwarmId, after?: number): Promise<readonly ResultEntry[]>
  /** What is there behind `after`, then what comes, all that is new at a time, until the signal aborts (CANCELLED). */
  follow(swarm: SwarmId, after: number, signal: AbortSignal): AsyncIterable<readonly ResultEntry[]>
}

export interface KeyValueEntry {
  readonly key: string
  readonly value: Json
  /** Grows over all changes of the store, with gaps. */
  readonly revision: number
}

export type KeyValueChange = KeyValueEntry | { readonly key: string; readonly value: undefined }

export interface KeyValueOptions {
  /** The entry is gone after so long, unless it is written again. */
  readonly ttlMs?: number
}

export interface KeyValue {
  get(key: string): Promise<KeyValueEntry | undefined>
  /** Gives the new revision. */
  put(key: string, value: Json, options?: KeyValueOptions): Promise<number>
  /**
   * Writes where the entry still has this revision; 0 where there must be none. Gives the new revision. Rejects
   * CONFLICT otherwise.
   */
  compareAndSet(key: string, revision: number, value: Json, options?: KeyValueOptions): Promise<number>
  /** Where it still has this revision, or whatever it has. False where there was nothing to delete. */
  delete(key: string, revision?: number): Promise<boolean>
  /**
   * Every entry whose key begins so, then every change, deletions and expiries included, until the signal aborts
   * (CANCELLED). Of several changes of one key in a row only the last is certain to be told.
   */
  watch(prefix: string, signal: AbortSignal): AsyncIterable<KeyValueChange>
}

export interface BusMessage {
  readonly subject: string
  readonly body: Json
  /** Answers the sender; does nothing where it expects no answer. */
  reply(body: Json): Promise<void>
}

/**
 * Messages to whoever listens now: at most once, in the order of each sender. A subject is words with dots between
 * them; in what is subscribed to, `*` stands for one word, and a last `>` for one or more.
 */
export interface MessageBus {
  publish(subject: string, body: Json): Promise<void>
  /**
   * Every message that is published after the call, until the signal aborts (CANCELLED). A listener that is 1000
   * messages behind loses the oldest. Throws INVALID_INPUT for a subject that is none.
   */
  subscribe(subject: string, signal: AbortSignal): AsyncIterable<BusMessage>
  /** The first answer. Rejects TIMEOUT where none comes in time. */
  request(subject: string, body: Json, timeoutMs: number, signal: AbortSignal): Promise<Json>
}

/** Large values of a swarm, by the hash of what they hold: for what would make a log or a message too large. */
export interface BlobStore {
  /** Gives the SHA-256 of the text as UTF-8, in hex. The same text a second time is the same blob. */
  put(swarm: SwarmId, text: string): Promise<string>
  /** Rejects INVARIANT where there is none of this hash, or where it is not what was put. */
  get(swarm: SwarmId, hash: string): Promise<string>
}
