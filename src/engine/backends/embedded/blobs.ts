import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fromUnknown, type IdSource, meshSwarmError, type SwarmId } from '../../../core/index.ts'
import { isErrno } from '../../../store/index.ts'
import type { BlobStore } from '../swarm-backend.ts'

/** A folder for each swarm, in it a file for each blob, called by its hash. */
export class FileBlobs implements BlobStore {
  readonly #ids: IdSource
  readonly #directory: string

  constructor({ ids }: { readonly ids: IdSource }, { directory }: { readonly directory: string }) {
    this.#ids = ids
    this.#directory = directory
  }

  async put(swarm: SwarmId, text: string): Promise<string> {
    const hash = sha256(text)
    const folder = this.#folder(swarm)
    const file = join(folder, hash)
    // Written aside and moved into place: a file that has its name has all of its bytes, on the disk.
    const aside = `${file}.${this.#ids.next('part')}`
    try {
      const made = await mkdir(folder, { recursive: true, mode: 0o700 })
      const parents = made === undefined ? [] : [this.#directory, dirname(this.#directory)]
      await synced(aside, 'wx', (handle) => handle.writeFile(text))
      await rename(aside, file)
      for (const one of [folder, ...parents]) await synced(one, 'r')
    } catch (thrown) {
      await rm(aside, { force: true }).catch(() => undefined)
      throw unavailable(file, thrown)
    }
    return hash
  }

  async get(swarm: SwarmId, hash: string): Promise<string> {
    const file = join(this.#folder(swarm), hash)
    let text: string | undefined
    try {
      text = await readFile(file, 'utf8')
    } catch (thrown) {
      if (!isErrno(thrown, 'ENOENT')) throw unavailable(file, thrown)
    }
    if (text !== undefined && sha256(text) === hash) return text
    const why = text === undefined ? 'is missing' : 'was changed'
    throw meshSwarmError('INVARIANT', `The large value ${file} ${why}.`, { details: { file } })
  }

  /** What cannot be removed now stays: an unused file harms nobody. */
  async forget(swarm: SwarmId): Promise<void> {
    await rm(this.#folder(swarm), { recursive: true, force: true }).catch(() => undefined)
  }

  async usedBytes(): Promise<number> {
    try {
      const entries = await readdir(this.#directory, { recursive: true, withFileTypes: true })
      const files = entries.filter((entry) => entry.isFile())
      const sizes = await Promise.all(files.map(({ parentPath, name }) => sizeOf(join(parentPath, name))))
      return sizes.reduce((sum, size) => sum + size, 0)
    } catch (thrown) {
      if (isErrno(thrown, 'ENOENT')) return 0
      throw unavailable(this.#directory, thrown)
    }
  }

  /** A swarm may be called anything, a folder may not. */
  #folder(swarm: SwarmId): string {
    return join(this.#directory, sha256(swarm).slice(0, 32))
  }
}

async function synced(
  file: string,
  flags: 'r' | 'wx',
  work: (handle: Awaited<ReturnType<typeof open>>) => Promise<void> = async () => undefined,
): Promise<void> {
  const handle = await open(file, flags, 0o600)
  try {
    await work(handle)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** 0 where it is gone by now. */
async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function unavailable(file: string, thrown: unknown): Error {
  const text = `The large value ${file} is out of reach: ${fromUnknown(thrown).message}`
  return meshSwarmError('UNAVAILABLE', text, { cause: thrown })
}
