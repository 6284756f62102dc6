import { z } from 'zod'
import { type NodeId, nodeId } from '../core/index.ts'
import type { MeshAction } from './action.ts'

export const Node = z
  .string()
  .min(1)
  .transform((text): NodeId => nodeId(text))
/** Interface names go into statements and command lines: no blank, no leading hyphen. */
export const Iface = z.string().regex(/^[A-Za-z0-9_.][A-Za-z0-9_.:@-]{0,14}$/)
const Cost = z.int().min(1).max(65534)
/** IPv6 leaves an interface with less. */
const Mtu = z.int().min(1280).max(65535)
const Prefix = z.union([z.cidrv6(), z.cidrv4()])

const kind = <K extends MeshAction['kind']>(name: K) => z.literal(name)

/** An action that came as data: one of the closed list, with its own parameters and no others. */
export const ActionSchema: z.ZodType<MeshAction, unknown> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: kind('restart-daemon'), node: Node, rxcost: Cost.optional() }),
  z.strictObject({ kind: kind('resume-daemon'), node: Node }),
  z.strictObject({ kind: kind('renew-routes'), node: Node }),
  z.strictObject({ kind: kind('set-link-cost'), node: Node, iface: Iface, rxcost: Cost, previous: Cost }),
  z.strictObject({ kind: kind('drop-interface'), node: Node, iface: Iface, rxcost: Cost }),
  z.strictObject({ kind: kind('add-interface'), node: Node, iface: Iface, rxcost: Cost }),
  z.strictObject({ kind: kind('set-interface-up'), node: Node, iface: Iface, up: z.boolean() }),
  z.strictObject({ kind: kind('set-interface-mtu'), node: Node, iface: Iface, mtu: Mtu, previous: Mtu }),
  z.strictObject({ kind: kind('set-forwarding'), node: Node, enabled: z.boolean() }),
  z.strictObject({ kind: kind('withdraw-prefix'), node: Node, prefix: Prefix }),
  z.strictObject({ kind: kind('announce-prefix'), node: Node, prefix: Prefix }),
])
