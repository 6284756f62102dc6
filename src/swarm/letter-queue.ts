import type { Letter } from './letter.ts'

/** A letter that waits in memory. */
export interface WaitingLetter extends Pick<Letter, 'from' | 'topic' | 'at' | 'body'> {
  /** Nobody is to read it from then on. */
  readonly endsAt: number
  /** Takes the answer to a request; false where nobody waits for it any more. */
  readonly answer: ((body: unknown) => boolean) | undefined
}

/** Stands in the queue where durable letters come, those up to this id. */
export interface Mark {
  readonly upTo: number
}

/** What comes next in a mailbox, and in which order. */
export class LetterQueue {
  #entries: (WaitingLetter | Mark)[] = []

  /** Marks included. */
  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  get letters(): number {
    return this.#entries.reduce((sum, entry) => sum + (isMark(entry) ? 0 : 1), 0)
  }

  get first(): WaitingLetter | Mark | undefined {
    return this.#entries[0]
  }

  push(letter: WaitingLetter): void {
    this.#entries.push(letter)
  }

  /** Durable letters up to this id come behind all that is here. */
  mark(upTo: number): void {
    const last = this.#entries.at(-1)
    if (last && isMark(last)) this.#entries.pop()
    this.#entries.push({ upTo: Math.max(upTo, last && isMark(last) ? last.upTo : 0) })
  }

  /** Durable letters up to this id come before all that is here. */
  markFirst(upTo: number): void {
    this.#entries.unshift({ upTo })
  }

  /** Takes it out, unless that has been done, or it is another mark by now. */
  remove(entry: WaitingLetter | Mark): void {
    const index = this.#entries.indexOf(entry)
    if (index >= 0) this.#entries.splice(index, 1)
  }

  /** No durable letter comes any more. */
  removeMarks(): void {
    this.#entries = this.#entries.filter((entry) => !isMark(entry))
  }

  /** Takes those out whose time is over. */
  removeExpired(now: number): readonly WaitingLetter[] {
    const expired = this.#entries.filter(
      (entry): entry is WaitingLetter => !isMark(entry) && entry.endsAt <= now,
    )
    for (const letter of expired) this.remove(letter)
    return expired
  }
}

export function isMark(entry: WaitingLetter | Mark): entry is Mark {
  return 'upTo' in entry
}
