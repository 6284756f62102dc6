import { z } from 'zod'
import { linkExtension, nodeExtension, topExtension } from './extension-schema.ts'

/** Strict where the mesh hangs on it, lenient where a node's owner typed something odd. */
const node = z.looseObject({
  node_id: z.string().min(1),
  hostname: z.string().nullish(),
  is_online: z.boolean().nullish(),
  is_gateway: z.boolean().nullish(),
  meshswarm: nodeExtension.optional(),
})

const tq = z.number().min(0).max(1).nullish()

const link = z.looseObject({
  source: z.string().min(1),
  target: z.string().min(1),
  source_tq: tq,
  target_tq: tq,
  type: z.string().nullish(),
  meshswarm: linkExtension.optional(),
})

export const meshviewerSchema = z.looseObject({
  timestamp: z.unknown().optional(),
  meta: z.unknown().optional(),
  nodes: z.array(node),
  links: z.array(link),
  meshswarm: topExtension.optional(),
})

export type MeshviewerNode = z.output<typeof node>
export type MeshviewerLink = z.output<typeof link>
