import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fromUnknown, meshSwarmError } from '../../core/index.ts'
import { isErrno, syncDirectory } from '../../store/index.ts'

/** Where the latest epoch is kept over restarts. */
export interface EpochStore {
  /** Undefined where there is none yet. Rejects where it cannot be told. */
  read(): Promise<unknown>
  /** On the disk when it resolves. */
  write(value: unknown): Promise<void>
}

/** A file that only its owner may read. Rejects UNAVAILABLE where it is out of reach, INVALID_INPUT where it is no JSON. */
export class EpochFile implements EpochStore {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  async read(): Promise<unknown> {
    let text: string
    try {
      text = await readFile(this.#path, 'utf8')
    } catch (thrown) {
      if (isErrno(thrown, 'ENOENT')) return undefined
      throw this.#unreachable(thrown)
    }
    try {
      return JSON.parse(text)
    } catch {
      throw meshSwarmError('INVALID_INPUT', `${this.#path} is damaged: it is no JSON.`)
    }
  }

  async write(value: unknown): Promise<void> {
    const draft = `${this.#path}.new`
    try {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
      const file = await open(draft, 'w', 0o600)
      try {
        await file.writeFile(`${JSON.stringify(value)}\n`)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(draft, this.#path)
      syncDirectory(dirname(this.#path))
    } catch (thrown) {
      throw this.#unreachable(thrown)
    }
  }

  #unreachable(thrown: unknown): Error {
    const text = `The epoch cannot be kept in ${this.#path}: ${fromUnknown(thrown).message}`
    return meshSwarmError('UNAVAILABLE', text, { cause: thrown })
  }
}
