import type { Brand } from './brand.ts'
import { meshSwarmError } from './errors.ts'
import type { Random } from './random.ts'

export type NodeId = Brand<string, 'NodeId'>
export type LinkId = Brand<string, 'LinkId'>
export type AgentId = Brand<string, 'AgentId'>
export type SwarmId = Brand<string, 'SwarmId'>
export type TaskId = Brand<string, 'TaskId'>
export type StepId = Brand<string, 'StepId'>
export type IncidentId = Brand<string, 'IncidentId'>
export type HypothesisId = Brand<string, 'HypothesisId'>
export type ChangeId = Brand<string, 'ChangeId'>
export type EventId = Brand<string, 'EventId'>

/** Each factory takes any non-empty string as it is and throws INVALID_INPUT for an empty one. */
export const nodeId = idFactory<NodeId>('node id')
export const linkId = idFactory<LinkId>('link id')
export const agentId = idFactory<AgentId>('agent id')
export const swarmId = idFactory<SwarmId>('swarm id')
export const taskId = idFactory<TaskId>('task id')
export const stepId = idFactory<StepId>('step id')
export const incidentId = idFactory<IncidentId>('incident id')
export const hypothesisId = idFactory<HypothesisId>('hypothesis id')
export const changeId = idFactory<ChangeId>('change id')
export const eventId = idFactory<EventId>('event id')

/** Makes ids. Every call gives a new one; the prefix says what it names: `incident-…`. */
export interface IdSource {
  next(prefix: string): string
}

/**
 * `incident-1`, `incident-2`, `task-1` …: counted for each prefix by itself, so that a simulation repeats
 * exactly. With a seed, `incident-SEED-1`: two sources with different seeds never collide.
 */
export function sequentialIds(seed?: string | number): IdSource {
  const counts = new Map<string, number>()
  const middle = seed === undefined ? '-' : `-${seed}-`
  return {
    next(prefix) {
      const count = (counts.get(prefix) ?? 0) + 1
      counts.set(prefix, count)
      return `${prefix}${middle}${count}`
    },
  }
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const RANDOM_LENGTH = 16

/** Sixteen characters of Crockford's base 32 (80 bits) after the prefix. Unique, but no secret. */
export function randomIds(random: Pick<Random, 'int'>): IdSource {
  return {
    next(prefix) {
      let id = `${prefix}-`
      for (let i = 0; i < RANDOM_LENGTH; i++) id += ALPHABET.charAt(random.int(ALPHABET.length))
      return id
    },
  }
}

function idFactory<Id extends Brand<string, string>>(what: string): (text: string) => Id {
  return (text) => {
    if (text.length === 0) throw meshSwarmError('INVALID_INPUT', `A ${what} is not empty.`)
    return text as Id
  }
}
