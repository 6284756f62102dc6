import { closeSync, type FSWatcher, openSync, watch, writeSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { type Cancel, type Clock, cancelledError, meshSwarmError } from '../../../core/index.ts'
import type { Database } from '../../../store/index.ts'

export type Topic = 'plan' | 'work' | 'result' | 'kv' | 'message' | 'mail'

/** A commit is done so long after its log was written. */
const SECOND_LOOK_MS = 500

/**
 * Wakes those who wait for something new: at once for what this process writes, and for what another one writes when
 * that touches the file `…-signal`. A process that was killed between its commit and its signal has at least written
 * the log: that is looked at a moment later, because the log changes before the commit is done. Nothing is polled.
 */
export class Changes {
  readonly #clock: Clock
  readonly #database: Database
  readonly #counts = new Map<Topic, number>()
  readonly #waiting = new Set<() => void>()
  readonly #watcher: FSWatcher
  readonly #signal: number
  #signalled = true
  #dataVersion: unknown
  #secondLook: Cancel | undefined
  #logChanged = false
  #looking = false
  #lookAgain = false
  #closed = false
  #released = false
  #holds = 0

  private constructor(clock: Clock, database: Database, dataVersion: unknown) {
    this.#clock = clock
    this.#database = database
    this.#dataVersion = dataVersion
    this.#signal = openSync(`${database.file}-signal`, 'w', 0o600)
    const name = basename(database.file)
    this.#watcher = watch(dirname(database.file), { persistent: false }, (_, changed) => {
      if (changed === null || changed === `${name}-signal`) void this.#look()
      else if (changed === `${name}-wal`) this.#lookLater()
    })
    // The folder has gone: so has the database, and its next write says so.
    this.#watcher.on('error', () => undefined)
  }

  static async open(clock: Clock, database: Database): Promise<Changes> {
    return new Changes(clock, database, await dataVersionOf(database))
  }

  /** How often the topic has changed so far: what `after` goes on from. */
  mark(topic: Topic): number {
    return this.#counts.get(topic) ?? 0
  }

  tell(topic: Topic): void {
    this.#count(topic)
    // Once for all that this turn of the event loop tells.
    if (this.#signalled) setImmediate(() => this.#tellOthers())
    this.#signalled = false
  }

  /** Keeps the process alive until what it gives is called, or all is closed. A second call of that does nothing. */
  hold(): () => void {
    this.#holds += 1
    if (this.#holds === 1) this.#watcher.ref()
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#holds -= 1
      if (this.#holds === 0) this.#watcher.unref()
    }
  }

  /**
   * Resolves when the topic has changed since the mark, or at `until`. Rejects CANCELLED on abort, UNAVAILABLE once
   * closed. Keeps the process alive, unless `idle`.
   */
  after(
    topic: Topic,
    mark: number,
    signal: AbortSignal,
    {
      until = Number.POSITIVE_INFINITY,
      idle = false,
    }: { readonly until?: number; readonly idle?: boolean } = {},
  ): Promise<void> {
    const release = idle ? () => undefined : this.hold()
    return new Promise((resolve, reject) => {
      let cancel: Cancel | undefined
      const end = () => {
        this.#waiting.delete(check)
        signal.removeEventListener('abort', check)
        cancel?.()
        release()
        if (signal.aborted) reject(cancelledError(signal, 'The wait'))
        else if (this.#closed) reject(closed())
        else resolve()
      }
      const check = () => {
        if (this.#closed || signal.aborted || this.mark(topic) !== mark) end()
      }
      this.#waiting.add(check)
      signal.addEventListener('abort', check, { once: true })
      if (Number.isFinite(until)) cancel = this.#clock.after(until - this.#clock.now(), end)
      check()
    })
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#watcher.close()
    this.#secondLook?.()
    this.#wake()
  }

  /** Once nothing is written any more. */
  release(): void {
    if (this.#released) return
    this.#tellOthers()
    this.#released = true
    closeSync(this.#signal)
  }

  #count(topic: Topic): void {
    this.#counts.set(topic, this.mark(topic) + 1)
    this.#wake()
  }

  #wake(): void {
    for (const check of [...this.#waiting]) check()
  }

  #tellOthers(): void {
    this.#signalled = true
    if (this.#released) return
    try {
      writeSync(this.#signal, '.', 0)
    } catch {
      // No room for a byte: the others find out by the second look.
    }
  }

  #lookLater(): void {
    this.#logChanged = true
    this.#secondLook ??= this.#clock.after(SECOND_LOOK_MS, () => {
      this.#secondLook = undefined
      // It may have changed again a moment ago: the last look comes so long after the last change.
      if (this.#logChanged) this.#lookLater()
      this.#logChanged = false
      void this.#look()
    })
  }

  /** The file changes with our own writes as well: `data_version` counts those of others only. */
  async #look(): Promise<void> {
    this.#lookAgain = true
    if (this.#looking) return
    this.#looking = true
    try {
      while (this.#lookAgain && !this.#closed) {
        this.#lookAgain = false
        const version = await dataVersionOf(this.#database)
        if (version === this.#dataVersion) continue
        this.#dataVersion = version
        for (const topic of TOPICS) this.#count(topic)
      }
    } catch {
      // Closed meanwhile, or out of reach: whoever asks for something gets the reason.
    } finally {
      this.#looking = false
    }
  }
}

const TOPICS: readonly Topic[] = ['plan', 'work', 'result', 'kv', 'message', 'mail']

async function dataVersionOf(database: Database): Promise<unknown> {
  const [row] = await database.read('PRAGMA data_version')
  return row?.data_version
}

function closed(): Error {
  return meshSwarmError('UNAVAILABLE', 'The backend is closed.')
}

/** What `read` gives from a place on, again after each change of the topic. `seqOf` is the next place. */
export async function* follow<T>(
  changes: Changes,
  topic: Topic,
  after: number,
  read: (after: number) => Promise<readonly T[]>,
  seqOf: (entry: T) => number,
  signal: AbortSignal,
  { idle = false }: { readonly idle?: boolean } = {},
): AsyncGenerator<readonly T[], never, undefined> {
  let place = after
  for (;;) {
    const mark = changes.mark(topic)
    const entries = await read(place)
    if (signal.aborted) throw cancelledError(signal, 'The reading')
    const last = entries.at(-1)
    if (last !== undefined) {
      place = seqOf(last)
      yield entries
    }
    await changes.after(topic, mark, signal, { idle })
  }
}
