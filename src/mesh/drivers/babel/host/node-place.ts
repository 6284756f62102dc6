import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { InventoryNode } from '../inventory.ts'

/** Where a node of the inventory lives on this machine: enough to undo a change without anybody's help. */
export const NodePlaceSchema = z.object({
  node: z.string(),
  netns: z.string().optional(),
  socket: z.string(),
  start: z.array(z.string()).optional(),
  /** Tells the place from a later one under the same names, which has nothing of a change left. */
  identity: z.string(),
})
export type NodePlace = z.infer<typeof NodePlaceSchema>

/** Undefined for a node that has no daemon on this machine. */
export function placeOf({ id, netns, socket, daemon }: InventoryNode): NodePlace | undefined {
  if (socket === undefined) return undefined
  return {
    node: id,
    socket,
    identity: identityOf(netns, socket),
    ...(netns === undefined ? {} : { netns }),
    ...(daemon ? { start: daemon.start } : {}),
  }
}

/** Whether the place that was changed still is the same one. */
export function placeExists(place: NodePlace): boolean {
  return identityOf(place.netns, place.socket) === place.identity
}

/** The namespace, and the folder of the socket, since the kernel gives numbers of namespaces out again. */
function identityOf(netns: string | undefined, socket: string): string {
  const space = netns === undefined ? '' : inode(`/run/netns/${netns}`)
  return `${space}/${inode(dirname(socket))}`
}

function inode(path: string): string {
  try {
    const { ino, birthtimeMs } = statSync(path)
    return path.startsWith('/run/netns/') ? String(ino) : `${ino}-${birthtimeMs}`
  } catch {
    return 'gone'
  }
}
