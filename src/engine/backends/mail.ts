import type { AgentId, SwarmId } from '../../core/index.ts'
import type { Json } from './json.ts'

/** Characters of a body, as JSON, at most. */
export const MOST_BODY = 64 * 1024
/** Topics to which one mailbox is subscribed at most. */
export const MOST_TOPICS = 100

/** Whose mailbox. It need not be made: it is there as soon as somebody writes to it, reads it or subscribes it. */
export interface Address {
  readonly swarm: SwarmId
  readonly agent: AgentId
}

export interface Message {
  /** Who says so: the store believes it. */
  readonly from: AgentId
  readonly body: Json
  /** What nobody has taken after so long is a dead letter. */
  readonly ttlMs?: number | undefined
}

export interface StoredLetter {
  readonly to: Address
  /** Grows over all letters of the store, with gaps: in a mailbox, the order in which they come. */
  readonly id: number
  readonly from: AgentId
  /** Undefined for one that was sent to this address. */
  readonly topic: string | undefined
  readonly sentAt: number
  readonly body: Json
}

export interface TakenLetter extends StoredLetter {
  /** Counts how often it was taken, from 1: more than that once, and a reader before may have acted on it. */
  readonly delivery: number
}

/**
 * `expired`: nobody took it in its time. `full`: there was no room for it when it was published. `unacknowledged`: its
 * readers came to an end with it too often. `gone`: its mailbox was removed.
 */
export type DeathReason = 'expired' | 'full' | 'unacknowledged' | 'gone'

export interface DeadLetter extends StoredLetter {
  readonly reason: DeathReason
  readonly diedAt: number
}

export interface MailboxStatus {
  readonly agent: AgentId
  readonly waiting: number
  /** Taken, and not acknowledged yet. */
  readonly taken: number
  /** When the oldest of them was sent; undefined where there is none. */
  readonly oldestAt: number | undefined
  readonly topics: readonly string[]
}

export interface MailOptions {
  /** Letters in one mailbox, taken ones included. Default 256. */
  readonly capacity?: number
  /** After so many deliveries without an acknowledgement, the next reader does not get it any more. Default 5. */
  readonly maxDeliveries?: number
  /** Dead letters that are kept of one swarm; the oldest make room. Default 1000. */
  readonly keepDead?: number
}

/**
 * Letters that wait for who is not there. Each is delivered at least once, or becomes a dead letter that says why.
 * First deliveries of one sender's letters to one mailbox are in the order in which its calls were made.
 */
export interface Mail {
  /**
   * Gives the id. Rejects INSUFFICIENT_RESOURCES where the mailbox is full, INVALID_INPUT for a body that is too long:
   * nothing has happened then.
   */
  send(to: Address, message: Message): Promise<number>
  /**
   * Into every mailbox that is subscribed by now, or into none where it rejects (INVALID_INPUT for a body that is too
   * long). Gives the letters that wait; for a mailbox that is full there is a dead one, and the others get theirs.
   */
  publish(swarm: SwarmId, topic: string, message: Message): Promise<readonly StoredLetter[]>
  /** Does nothing where it is subscribed already. Rejects INSUFFICIENT_RESOURCES beyond 100 topics. */
  subscribe(address: Address, topic: string): Promise<void>
  /** What has come until now stays. False where it was not subscribed. */
  unsubscribe(address: Address, topic: string): Promise<boolean>
  /**
   * Reads a mailbox. There is one reader at a time: whoever opens it gets what the one before has taken and not
   * acknowledged, in the same order, before anything new; the one before gets CONFLICT from now on.
   */
  open(address: Address): Promise<MailReader>
  /** For good. False where somebody else has taken it since, or it is dead. */
  acknowledge(letter: TakenLetter): Promise<boolean>
  /** Its letters are dead, its subscriptions and its reader ended. */
  remove(address: Address): Promise<void>
  /** Those that hold letters or are subscribed, by the names of their agents. */
  mailboxes(swarm: SwarmId): Promise<readonly MailboxStatus[]>
  /** The longest dead first. */
  deadLetters(swarm: SwarmId): Promise<readonly DeadLetter[]>
  /**
   * Puts it at the end of its mailbox as a new letter that does not expire. False where there is no such dead letter.
   * Rejects INSUFFICIENT_RESOURCES where the mailbox is full: it stays dead then.
   */
  redeliver(swarm: SwarmId, id: number): Promise<boolean>
  /** False where there is no such dead letter. */
  drop(swarm: SwarmId, id: number): Promise<boolean>
}

/** Every method rejects CONFLICT once another reader has opened the mailbox, or it was removed. */
export interface MailReader {
  /** The id of the last letter that waited when it was opened; 0 for none. */
  readonly newest: number
  /** The next letter, which is with this reader from now on; undefined where none waits now. */
  take(): Promise<TakenLetter | undefined>
  /** The id of the last letter that waits, each time that there is a newer one, until the signal aborts (CANCELLED). */
  arrivals(after: number, signal: AbortSignal): AsyncIterable<number>
}
