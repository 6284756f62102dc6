/**
 * What goes into a journal: frozen data that JSON can hold (a Map, a bigint or NaN does not survive it).
 * The members `seq`, `at` and `crc` are the journal's, whatever the event has there.
 */
export interface JournalEvent {
  readonly kind: string
}

/** An event with its place and time: `seq` counts from 1 without a gap, `at` is the clock's time in ms. */
export type JournalRecord<E> = E & { readonly seq: number; readonly at: number }

/**
 * An append-only log of events. Records keep the order of the calls, whichever way they were appended.
 * After a failed write (disk full) the journal is broken for good: every later append fails UNAVAILABLE with
 * the first cause, because what lies on the disk is no longer known. Open it anew to go on.
 */
export interface Journal<E extends JournalEvent> {
  /**
   * Resolves when the record is durable. Appends of one event-loop turn share one commit. Rejects UNAVAILABLE
   * after `close` or after a failed write, INVALID_INPUT for an event that is larger than a whole segment.
   */
  append(event: E): Promise<JournalRecord<E>>

  /** Durable, with everything appended before it, when the call returns. Throws what `append` rejects with. */
  appendSync(event: E): JournalRecord<E>

  /**
   * Every record that retention has kept, oldest first, the ones that are not durable yet included. Throws
   * INVALID_INPUT with file and line where a record is damaged. Works after `close`.
   */
  read(): Iterable<JournalRecord<E>>

  /** Makes everything durable and lets go of the file. A second call returns the first one's promise. */
  close(): Promise<void>
}
