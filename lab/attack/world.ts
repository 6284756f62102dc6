import { type AgentId, agentId, type NodeId, nodeId, type Random } from '../../src/core/index.ts'
import { DEFAULT_LIMITS_OPTIONS } from '../../src/security/index.ts'
import { attenuate, type Capability } from './capability.ts'

export type Role = 'lead' | 'monitor' | 'analyst' | 'healer'

export interface SimAgent {
  readonly id: AgentId
  readonly role: Role
  readonly team: number
  /** What it holds all the time. */
  readonly standing: Capability
  /** Of a healer: kept by its lead, which attenuates it for each step; the healer itself never holds it. */
  readonly kept: Capability
}

/** A mesh of a thousand nodes in ten regions, and a hundred agents in ten teams, one a region. */
export interface World {
  readonly nodes: readonly NodeId[]
  readonly regions: readonly (readonly NodeId[])[]
  readonly agents: readonly SimAgent[]
  readonly groupsOf: (node: NodeId) => readonly string[]
}

export const ROOT = 'root'
export const LOOK = 'inspect'
/** What a remedy may have to do; all of it changes a node. */
export const CHANGES = ['restart-daemon', 'set-link-cost', 'set-forwarding'] as const

const REGIONS = 10
const REGION_NODES = 100
/** Four nodes that lie next to each other stand in for each other. */
const GROUP_NODES = 4
const TEAM: readonly Role[] = [
  ...['lead' as const],
  ...Array<Role>(4).fill('monitor'),
  ...Array<Role>(2).fill('analyst'),
  ...Array<Role>(3).fill('healer'),
]
/** Of every budget. */
export const { windowMs: WINDOW_MS } = DEFAULT_LIMITS_OPTIONS
const FOREVER = Number.POSITIVE_INFINITY
const EVERYTHING = new Set<string>([LOOK, ...CHANGES])
const LOOKING = new Set<string>([LOOK])

export function buildWorld(): World {
  const regions = Array.from({ length: REGIONS }, (_, region) =>
    Array.from({ length: REGION_NODES }, (_, index) => nodeId(`n${region * REGION_NODES + index}`)),
  )
  const nodes = regions.flat()
  const root: Capability = {
    id: ROOT,
    holder: agentId('operator'),
    lineage: [{ id: ROOT, ratePerMinute: 60_000, blastNodes: 1000, windowMs: WINDOW_MS }],
    actions: EVERYTHING,
    nodes: new Set(nodes),
    expiresAt: FOREVER,
  }
  const agents = regions.flatMap((region, team) => teamOf(root, region, team))
  const groups = new Map(nodes.map((node, index) => [node, [`g${Math.floor(index / GROUP_NODES)}`]]))
  return { nodes, regions, agents, groupsOf: (node) => groups.get(node) ?? [] }
}

function teamOf(root: Capability, region: readonly NodeId[], team: number): readonly SimAgent[] {
  const nodes = new Set(region)
  const lead = agentId(`lead-${team}`)
  const limits = { ratePerMinute: 6000, blastNodes: 30, windowMs: WINDOW_MS }
  const all = { actions: EVERYTHING, nodes, expiresAt: FOREVER }
  const own = attenuate(root, { ...all, ...limits, id: `t-team-${team}`, holder: lead })
  const counts = new Map<Role, number>()
  return TEAM.map((role) => {
    const index = counts.get(role) ?? 0
    counts.set(role, index + 1)
    const id = role === 'lead' ? lead : agentId(`${role}-${team}.${index}`)
    const person = {
      holder: id,
      nodes,
      expiresAt: FOREVER,
      ratePerMinute: 240,
      blastNodes: 6,
      windowMs: WINDOW_MS,
    }
    const kept = attenuate(own, { ...person, id: `t-${id}`, actions: EVERYTHING })
    // A lead plans maintenance and holds a right to change its region. All others hold rights to look.
    const actions = role === 'lead' ? EVERYTHING : LOOKING
    const standing = attenuate(kept, { ...person, id: `t-${id}-own`, actions })
    return { id, role, team, standing, kept }
  })
}

/** Where a remedy of an incident may have to act: the node itself and others near it. */
export function candidatesOf(world: World, node: NodeId, random: Random): readonly NodeId[] {
  const region = world.regions.find((one) => one.includes(node)) ?? []
  return [node, ...random.shuffle(region.filter((other) => other !== node)).slice(0, 5)]
}
