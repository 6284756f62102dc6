import { z } from 'zod'
import { type NodeId, nodeId } from '../../core/index.ts'
import type { ActionKind, MeshAction } from '../../mesh/index.ts'

/** A name that a token can hold, and without characters that nobody sees: a person is to read what they sign. */
export const nodeSchema = z
  .string()
  .regex(/^[^"\\\p{C}\p{Zl}\p{Zp}]{1,200}$/u, 'no name of a node')
  .transform((text): NodeId => nodeId(text))
const iface = z.string().regex(/^[A-Za-z0-9_.][A-Za-z0-9_.:@-]{0,14}$/)
const cost = z.int().min(1).max(65534)
const mtu = z.int().min(1280).max(65535)
const prefix = z.union([z.cidrv6(), z.cidrv4()])

function action<K extends ActionKind, S extends z.ZodRawShape>(kind: K, parts: S) {
  return z.strictObject({ kind: z.literal(kind), node: nodeSchema, ...parts })
}

/** Strict: what would be signed and not shown has no place in it. */
export const actionSchema: z.ZodType<MeshAction, unknown> = z.discriminatedUnion('kind', [
  action('restart-daemon', { rxcost: cost.optional() }),
  action('resume-daemon', {}),
  action('renew-routes', {}),
  action('set-link-cost', { iface, rxcost: cost, previous: cost }),
  action('drop-interface', { iface, rxcost: cost }),
  action('add-interface', { iface, rxcost: cost }),
  action('set-interface-up', { iface, up: z.boolean() }),
  action('set-interface-mtu', { iface, mtu, previous: mtu }),
  action('set-forwarding', { enabled: z.boolean() }),
  action('withdraw-prefix', { prefix }),
  action('announce-prefix', { prefix }),
])
