import { readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ExecutorProgram, executorDirectory, type Inventory, meshKey } from '../mesh/index.ts'
import { isErrno } from '../store/index.ts'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))

/** The executor whose nodes are under the authority that is laid down in the directory. */
export function executorProgram(directory: string): ExecutorProgram {
  return { file: MAIN, args: [directory] }
}

/** Where the nodes of an inventory keep under whose authority they are: it outlives the machine's restarts. */
export function nodeDirectory(inventory: Inventory): string {
  return join(base(), meshKey(inventory))
}

export interface NodePlace {
  /** Where the authority of the nodes is laid down; it may not be there. */
  readonly directory: string
  /** Where their executor listens; it may not run. */
  readonly executor: string
}

/** Of every mesh that has, or had, nodes on this machine. */
export function nodePlaces(): readonly NodePlace[] {
  const keys = new Set([...entriesOf(base()), ...entriesOf(dirname(executorDirectory('any')))])
  return [...keys].map((key) => ({ directory: join(base(), key), executor: executorDirectory(key) }))
}

function entriesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
}

function base(): string {
  const isRoot = process.getuid?.() === 0
  return isRoot ? '/var/lib/meshswarm/nodes' : join(homedir(), '.local', 'state', 'meshswarm', 'nodes')
}
