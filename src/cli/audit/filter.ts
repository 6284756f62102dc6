import type { Command } from 'commander'
import { agentId, meshSwarmError, nodeId } from '../../core/index.ts'
import type { EntryFilter } from '../../security/index.ts'
import { time } from '../time.ts'

export interface FilterFlags {
  readonly agent?: string
  readonly node?: string
  readonly allowed?: boolean
  readonly denied?: boolean
  readonly since?: number
  readonly until?: number
}

export function withFilter(command: Command): Command {
  return command
    .option('--agent <id>', 'only what this agent asked for')
    .option('--node <id>', 'only what was asked for this node')
    .option('--allowed', 'only what was allowed')
    .option('--denied', 'only what was denied')
    .option('--since <time>', 'only from then on, as 2026-11-28T01:00Z', time)
    .option('--until <time>', 'only before', time)
}

/** Undefined where everything is meant. */
export function filterOf({
  agent,
  node,
  allowed,
  denied,
  since,
  until,
}: FilterFlags): EntryFilter | undefined {
  if (allowed && denied) throw meshSwarmError('INVALID_INPUT', 'An entry is allowed or denied, not both.')
  const filter: EntryFilter = {
    ...(agent === undefined ? {} : { agent: agentId(agent) }),
    ...(node === undefined ? {} : { node: nodeId(node) }),
    ...(allowed || denied ? { allowed: allowed === true } : {}),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  }
  return Object.keys(filter).length === 0 ? undefined : filter
}
