import type { Capability } from './engine.ts'

/** A capability in words, times in UTC: "agent monitor-7 may probe nodes 12, 13, 40 until 14:05 UTC, 60 times a minute". */
export function describeCapability({ agent, lineage }: Capability, now: number): string {
  const { scope } = lineage.at(-1) ?? lineage[0]
  const { actions, nodes, regions, until, maxTier, perMinute, blast } = scope
  if (actions.length === 0 || nodes.length === 0) return `agent ${agent} may do nothing`
  const which =
    nodes === 'all' ? 'every node' : `${nodes.length === 1 ? 'node' : 'nodes'} ${nodes.join(', ')}`
  const where = regions.length === 0 ? '' : ` in ${regions.join(' and ')}`
  const writes = actions.some((action) => !READING.has(action))
  const limits = [
    `${perMinute} ${perMinute === 1 ? 'time' : 'times'} a minute`,
    ...(writes
      ? [`${blast.nodes} different nodes in ${minutes(blast.windowMs)}`, `risk tier ${maxTier} at most`]
      : []),
  ]
  return `agent ${agent} may ${list(actions)} ${which}${where} ${end(until, now)}, ${limits.join(', ')}`
}

const READING: ReadonlySet<string> = new Set(['probe', 'inspect', 'hasten'])

function list(words: readonly string[]): string {
  const last = words.at(-1) ?? ''
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`
}

function end(until: number, now: number): string {
  const [day, time] = [
    new Date(until).toISOString().slice(0, 10),
    new Date(until).toISOString().slice(11, 16),
  ]
  if (now >= until) return `(expired ${day} ${time} UTC)`
  return new Date(now).toISOString().startsWith(day) ? `until ${time} UTC` : `until ${day} ${time} UTC`
}

function minutes(ms: number): string {
  return ms % 60_000 === 0 ? `${ms / 60_000} ${ms === 60_000 ? 'minute' : 'minutes'}` : `${ms / 1000} s`
}
