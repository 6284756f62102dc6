import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Inventory } from './inventory.ts'

/** A name of these nodes that is the same whoever lists them. */
export function meshKey(inventory: Inventory): string {
  const nodes = inventory.nodes.map(({ id, socket, netns }) => [id, socket, netns])
  return createHash('sha256').update(JSON.stringify(nodes)).digest('hex').slice(0, 16)
}

/** Where the executor of these nodes keeps its books and listens. They end with the machine: so does what they undo. */
export function executorDirectory(key: string): string {
  const base = process.getuid?.() === 0 ? '/run/meshswarm' : join(homedir(), '.local', 'state', 'meshswarm')
  return join(base, 'executor', key)
}
