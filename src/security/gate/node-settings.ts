import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { fromUnknown, meshSwarmError, type NodeId, nodeId } from '../../core/index.ts'
import { isErrno } from '../../store/index.ts'
import { type PublicKey, publicKey } from '../capability/index.ts'

const names = z.array(z.string().min(1)).max(100)
const count = z.int().min(1).max(1_000_000)

const Schema = z.strictObject({
  /** Nodes of the mesh, for the budgets that are a share of it. */
  nodes: count,
  /** Different nodes that may be written within ten minutes, by all together. Without it: 5 %, at least 6. */
  blastRadius: count.optional(),
  /** The regions that each node is in, and those that stand in for each other. */
  regions: z.record(z.string(), names).default({}),
  groups: z.record(z.string(), names).default({}),
  /** Persons and their keys, and how many of them let a plan pass the budget. */
  approvers: z.record(z.string(), z.string().transform(publicKey)).default({}),
  approvals: z.int().min(1).max(20).default(2),
})

/** What those who answer for the nodes of one executor have laid down for it. */
export type NodeSettings = z.infer<typeof Schema>
export type GivenSettings = z.input<typeof Schema>

export const SETTINGS_FILE = 'settings.json'

export function nodeSettings(value: unknown): NodeSettings {
  const parsed = Schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw meshSwarmError('INVALID_CONFIGURATION', `Settings of nodes: ${z.prettifyError(parsed.error)}`)
}

/** Throws INVALID_CONFIGURATION. */
export function readSettings(file: string): NodeSettings {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    const why = isErrno(cause, 'ENOENT') ? 'it is missing' : fromUnknown(cause).message
    throw meshSwarmError('INVALID_CONFIGURATION', `${file} cannot be read: ${why}.`, { cause })
  }
  try {
    return nodeSettings(JSON.parse(text))
  } catch (cause) {
    throw meshSwarmError('INVALID_CONFIGURATION', `${file}: ${fromUnknown(cause).message}`, { cause })
  }
}

export function listOf(
  lists: Readonly<Record<string, readonly string[]>>,
): (node: NodeId) => readonly string[] {
  const byNode = new Map(Object.entries(lists).map(([node, names]) => [nodeId(node), names]))
  return (node) => byNode.get(node) ?? []
}

export function approversOf({ approvers }: NodeSettings): ReadonlyMap<PublicKey, string> {
  return new Map(Object.entries(approvers).map(([name, key]) => [key, name]))
}
