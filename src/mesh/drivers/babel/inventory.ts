import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { meshSwarmError } from '../../../core/index.ts'

const Text = z.string().min(1)

const InventoryNodeSchema = z.strictObject({
  id: Text,
  name: Text.optional(),
  /** Address of the node in the mesh, without prefix length. */
  address: z.union([z.ipv6(), z.ipv4()]).optional(),
  /** Network namespace under /run/netns where the daemon lives; the machine's own where missing. */
  netns: z
    .string()
    .regex(/^[A-Za-z0-9_.-]+$/)
    .optional(),
  /** The daemon's control socket on this machine. Without one the node is only watched from outside. */
  socket: Text.optional(),
  gateway: z.boolean().optional(),
  daemon: z.strictObject({ start: z.array(z.string()).min(1) }).optional(),
})

export const InventorySchema = z
  .strictObject({
    version: z.literal(1),
    mesh: z.literal('babel'),
    nodes: z.array(InventoryNodeSchema).min(1),
  })
  .superRefine((inventory, context) => {
    for (const key of ['id', 'socket', 'address'] as const) {
      const seen = new Set<string>()
      for (const [index, node] of inventory.nodes.entries()) {
        const value = node[key]
        if (value === undefined) continue
        if (seen.has(value)) {
          context.addIssue({
            code: 'custom',
            path: ['nodes', index, key],
            message: `${value} is there twice`,
          })
        }
        seen.add(value)
      }
    }
  })

/** The nodes that an operator answers for, and how to reach their daemons. Links and routes are found out. */
export type Inventory = z.infer<typeof InventorySchema>
export type InventoryNode = Inventory['nodes'][number]

/** Throws INVALID_CONFIGURATION that names `source`, the place inside it and the reason. */
export function parseInventory(value: unknown, source: string): Inventory {
  const parsed = InventorySchema.safeParse(value)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map(({ path, message }) => ({
    path: path.join('.') || '(top)',
    message,
  }))
  const [first] = issues
  throw meshSwarmError('INVALID_CONFIGURATION', `${source}: ${first?.path}: ${first?.message}`, {
    details: { source, issues },
  })
}

/** Rejects with INVALID_CONFIGURATION where the file is missing, is no JSON or does not follow the schema. */
export async function readInventory(path: string, signal?: AbortSignal): Promise<Inventory> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(path, signal ? { encoding: 'utf8', signal } : 'utf8'))
  } catch (cause) {
    signal?.throwIfAborted()
    const why = cause instanceof Error ? cause.message : String(cause)
    throw meshSwarmError('INVALID_CONFIGURATION', `${path}: ${why}`, { details: { source: path }, cause })
  }
  return parseInventory(value, path)
}

/** One daemon on this machine, e.g. from `--socket PATH`. */
export function singleNodeInventory(socket: string, id = 'local'): Inventory {
  return { version: 1, mesh: 'babel', nodes: [{ id, socket }] }
}
