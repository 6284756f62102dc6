import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { meshSwarmError } from '../core/index.ts'
import { isErrno } from './errno.ts'
import { isAlive, type ProcessIdentity, thisProcess } from './process-identity.ts'

export interface DirectoryLock {
  /** Lets the next process in. A second call does nothing. */
  release(): void
}

const NAME = /^lock\.(\d+)$/

/**
 * One process at a time in a directory, on one host with one pid namespace. The lock of a process that was
 * killed is taken over. Throws CONFLICT, naming the pid, where the holder is alive: this process included.
 *
 * `lock.N` is the N-th holder's: N only grows, and making it is atomic, so that of two processes that find the
 * same dead holder one wins. An empty file is a released lock.
 */
export function lockDirectory(directory: string): DirectoryLock {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  for (;;) {
    const present = generations(directory).at(-1) ?? 0
    const holder = readHolder(join(directory, `lock.${present}`))
    if (holder && isAlive(holder)) {
      throw meshSwarmError(
        'CONFLICT',
        `${directory} is in use by process ${holder.pid}. Stop that one first.`,
        {
          details: { directory, pid: holder.pid },
        },
      )
    }
    const file = join(directory, `lock.${present + 1}`)
    if (!create(file, directory)) continue
    if (generations(directory).at(-1) !== present + 1) {
      rmSync(file, { force: true })
      continue
    }
    for (const old of generations(directory)) {
      if (old <= present) rmSync(join(directory, `lock.${old}`), { force: true })
    }
    return releaser(file)
  }
}

function releaser(file: string): DirectoryLock {
  let held = true
  return {
    release() {
      if (held) forget(file)
      held = false
    },
  }
}

function forget(file: string): void {
  try {
    truncateSync(file)
  } catch (error) {
    // The whole directory was removed: nobody can hold a lock there.
    if (!isErrno(error, 'ENOENT')) throw error
  }
}

/** Makes the lock with its content in one step; false where another process was faster. */
function create(file: string, directory: string): boolean {
  const holder = thisProcess()
  const draft = join(directory, `draft.${process.pid}.${crypto.randomUUID()}`)
  writeFileSync(draft, JSON.stringify(holder), { mode: 0o600 })
  try {
    linkSync(draft, file)
    return true
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

function generations(directory: string): number[] {
  const numbers = readdirSync(directory).map((name) => Number(NAME.exec(name)?.[1] ?? 0))
  return numbers.filter((n) => n > 0).sort((a, b) => a - b)
}

function readHolder(file: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity
  } catch {
    return undefined
  }
}
