import { z } from 'zod'
import { linkExtension, nodeExtension, topExtension } from './extension-schema.ts'

const node = z.looseObject({
  id: z.string().min(1),
  label: z.string().nullish(),
  local_addresses: z.unknown().optional(),
  properties: z.looseObject({ meshswarm: nodeExtension.optional() }).nullish(),
})

const link = z.looseObject({
  source: z.string().min(1),
  target: z.string().min(1),
  cost: z.number().nullish(),
  properties: z.looseObject({ meshswarm: linkExtension.optional() }).nullish(),
})

/** NetJSON NetworkGraph (netjson.org); protocol, version and metric may be missing. */
export const netjsonSchema = z.looseObject({
  type: z.literal('NetworkGraph'),
  protocol: z.string().nullish(),
  version: z.unknown().optional(),
  metric: z.string().nullish(),
  label: z.string().nullish(),
  nodes: z.array(node),
  links: z.array(link),
  meshswarm: topExtension.optional(),
})

export type NetjsonNode = z.output<typeof node>
export type NetjsonLink = z.output<typeof link>
