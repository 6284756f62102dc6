import { z } from 'zod'
import { type ChangeId, changeId } from '../../../../core/index.ts'
import { ActionSchema, Iface, Node } from '../../../action-schema.ts'
import type { GateState } from '../../../gate.ts'
import type { DaemonState } from '../../../model.ts'
import { InventorySchema } from '../inventory.ts'

/**
 * What the driver and the executor say to each other: one JSON object a line, over a socket that only its owner
 * may open. A request has an `id`, its answer the same; cancels need no answer, events have no id.
 */
const Change = z
  .string()
  .min(1)
  .transform((text): ChangeId => changeId(text))

const WireProbeSchema = z.object({
  from: z.string(),
  to: z.string(),
  /** Out of this interface of `from`, to a link-local address. */
  iface: Iface.optional(),
  address: z.string().min(2),
  bytes: z.int().min(1).max(65000),
  count: z.int().min(1).max(10000),
  intervalMs: z.number().min(0).max(60000),
  timeoutMs: z.number().min(1).max(60000),
})
export type WireProbe = z.infer<typeof WireProbeSchema>

export interface WireProbeResult {
  readonly sent: number
  readonly received: number
  readonly delayMs?: number
  readonly error?: string
}

const id = z.int()
/** Checked by the gate, not here: a bad one is a denial. */
const Proof = z.object({ token: z.string().max(65_536), request: z.unknown() }).optional()

export const RequestSchema = z.discriminatedUnion('op', [
  z.object({ id, op: z.literal('hello'), inventory: InventorySchema }),
  z.object({ id, op: z.literal('probe'), probes: z.array(WireProbeSchema).max(20000) }),
  z.object({
    id,
    op: z.literal('apply'),
    action: ActionSchema,
    change: Change,
    confirmWithinMs: z.number().min(1).max(86_400_000),
    reason: z.string(),
    plan: z.array(ActionSchema).max(1000).optional(),
    proof: Proof,
  }),
  z.object({ id, op: z.literal('confirm'), change: Change, proof: Proof }),
  z.object({ id, op: z.literal('rollback'), change: Change, proof: Proof }),
  z.object({ id, op: z.literal('changes') }),
  z.object({ id, op: z.literal('inspect'), node: z.string() }),
  z.object({
    id,
    op: z.literal('hasten'),
    nodes: z.array(Node).max(20000),
    forMs: z.number().min(0).max(60_000),
    proof: Proof,
  }),
  z.object({ id, op: z.literal('tell'), statement: z.unknown() }),
  z.object({ id, op: z.literal('cancel'), target: z.int() }),
])
export type HostRequest = z.infer<typeof RequestSchema>

export interface DaemonReport {
  readonly node: string
  readonly state: DaemonState
}

/** The answer to `hello`. */
export interface Welcome {
  readonly reports: readonly DaemonReport[]
  readonly gate: GateState
}

/** A node's own account of itself, before the driver adds what it knows from the routing daemon. */
export interface HostInspection {
  readonly daemon: DaemonState
  readonly forwarding: boolean
  readonly interfaces: readonly {
    readonly name: string
    readonly adminUp: boolean
    readonly carrier: boolean
    readonly mtu: number
  }[]
  readonly addresses: readonly string[]
}

export type HostReply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { code: string; message: string; details?: unknown } }
  | { readonly event: 'daemons'; readonly reports: readonly DaemonReport[] }
  | { readonly event: 'gate'; readonly state: GateState }
