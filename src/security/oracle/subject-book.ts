import type { OracleOptions } from './options.ts'
import { Subject } from './subject.ts'

/** The subjects of one kind, `maxSubjects` at the most: the longest unseen make room. */
export class SubjectBook {
  readonly #kind: 'agent' | 'token'
  readonly #options: Required<OracleOptions>
  /** The longest unseen first. */
  readonly #subjects = new Map<string, Subject>()

  constructor(kind: 'agent' | 'token', options: Required<OracleOptions>) {
    this.#kind = kind
    this.#options = options
  }

  /** The one that is known, left where it is. */
  find(id: string): Subject | undefined {
    return this.#subjects.get(id)
  }

  /** The one that is known, or a new one; seen now. */
  see(id: string): Subject {
    const known = this.#subjects.get(id)
    const subject = known ?? new Subject(`${this.#kind} ${id}`, this.#options)
    if (known) this.#subjects.delete(id)
    this.#subjects.set(id, subject)
    if (this.#subjects.size > this.#options.maxSubjects) {
      const [longestUnseen = ''] = this.#subjects.keys()
      this.#subjects.delete(longestUnseen)
    }
    return subject
  }
}
