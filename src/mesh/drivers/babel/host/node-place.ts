import { existsSync, statSync } from 'node:fs'
import { z } from 'zod'

/** Where a node of the inventory lives on this machine. */
export const NodePlaceSchema = z.object({
  node: z.string(),
  netns: z.string().optional(),
  /** Identity of the namespace: another one under the same name is not the place that was changed. */
  netnsInode: z.number().optional(),
  socket: z.string().optional(),
  start: z.array(z.string()).optional(),
})
export type NodePlace = z.infer<typeof NodePlaceSchema>

/** Whether the place that was changed still is the same: a namespace made anew has nothing of the change left. */
export function placeExists(place: NodePlace): boolean {
  if (place.netns === undefined) return place.socket === undefined || existsSync(place.socket)
  return place.netnsInode === undefined || netnsInode(place.netns) === place.netnsInode
}

export function netnsInode(netns: string): number | undefined {
  try {
    return statSync(`/run/netns/${netns}`).ino
  } catch {
    return undefined
  }
}
