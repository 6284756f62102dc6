import { meshSwarmError, type Random } from '../../src/core/index.ts'
import type { Lab } from '../lab.ts'
import { type NextHops, pathOf } from '../routes.ts'
import { distances, findLink } from '../topology-graph.ts'
import { faultKind } from './catalogue.ts'
import type { FaultTarget } from './kinds.ts'

/** A fault that will hit the traffic of a pair, and (except a partition) a mesh that has a way around it. */
export interface Placement {
  readonly from: string
  readonly to: string
  /** The kernels' way between them before the fault. */
  readonly path: readonly string[]
  readonly target: FaultTarget
}

export interface PlaceOptions {
  /** Strike a node on the way (the default) or the far end itself; only for faults of a node's daemon. */
  readonly role?: 'transit' | 'destination'
  /** Nodes and links of earlier faults, not to be struck again or used as ends. */
  readonly avoid?: ReadonlySet<string>
}

/**
 * A random pair, rather far apart, and a target on its present way. Wait for a stable way first.
 * Rejects with UNAVAILABLE where the lab has no such place.
 */
export async function placeFault(
  lab: Lab,
  fault: string,
  random: Random,
  signal: AbortSignal,
  options: PlaceOptions = {},
): Promise<Placement> {
  const hops = await lab.nextHops(signal)
  for (const [from, to] of farPairs(lab, hops, random, options.avoid)) {
    const path = pathOf(hops, from, to)
    if (path === undefined) continue
    const target = targetOn(lab, fault, path, random, options)
    if (target) return { from, to, path, target }
  }
  throw meshSwarmError(
    'UNAVAILABLE',
    `no place in this lab where ${fault} would strike and leave a way around`,
  )
}

/** All pairs in random order, the longer half of the ways first. */
function farPairs(
  lab: Lab,
  hops: NextHops,
  random: Random,
  avoid: ReadonlySet<string> | undefined,
): [string, string][] {
  const ids = lab.nodes.map((node) => node.id).filter((id) => !avoid?.has(id))
  const pairs = ids.flatMap((a) => ids.filter((b) => a !== b).map((b): [string, string] => [a, b]))
  const long = pairs.map((pair) => ({ pair, length: pathOf(hops, ...pair)?.length ?? 0 }))
  const middle = long.map(({ length }) => length).sort((a, b) => a - b)[Math.floor(long.length / 2)] ?? 0
  const shuffled = random.shuffle(long)
  return [
    ...shuffled.filter(({ length }) => length >= middle),
    ...shuffled.filter(({ length }) => length < middle),
  ].map(({ pair }) => pair)
}

function targetOn(
  lab: Lab,
  fault: string,
  path: readonly string[],
  random: Random,
  options: PlaceOptions,
): FaultTarget | undefined {
  const kind = faultKind(fault).target
  if (kind === 'link') return linkOn(lab, path, random, options)
  if (kind === 'node') return nodeOn(lab, path, random, options)
  if (kind === 'prefix') return hijackOf(lab, path, random, options)
  return cutAcross(lab, path)
}

function linkOn(lab: Lab, path: readonly string[], random: Random, options: PlaceOptions) {
  const [start = '', end = ''] = [path[0], path.at(-1)]
  for (const index of random.shuffle([...path.keys()].slice(1))) {
    const [from = '', to = ''] = [path[index - 1], path[index]]
    const link = findLink(lab.plan, from, to)
    if (!link || options.avoid?.has(link.id)) continue
    const around = distances(lab.plan, start, { links: new Set([link.id]) }).has(end)
    if (around) return { kind: 'link', from, to } as const
  }
  return undefined
}

function nodeOn(lab: Lab, path: readonly string[], random: Random, options: PlaceOptions) {
  const [start = '', end = ''] = [path[0], path.at(-1)]
  if (options.role === 'destination') return { kind: 'node', node: end } as const
  for (const node of random.shuffle(path.slice(1, -1))) {
    if (options.avoid?.has(node)) continue
    if (distances(lab.plan, start, { nodes: new Set([node]) }).has(end))
      return { kind: 'node', node } as const
  }
  return undefined
}

/** A hijacker that is nearer to the prober than the victim, so that its announcement wins there. */
function hijackOf(lab: Lab, path: readonly string[], random: Random, options: PlaceOptions) {
  const [start = '', victim = ''] = [path[0], path.at(-1)]
  const near = distances(lab.plan, start)
  const limit = (near.get(victim) ?? 0) - 1
  const able = [...near].filter(
    ([node, hops]) => hops > 0 && hops < limit && !options.avoid?.has(node) && node !== victim,
  )
  const [chosen] = random.shuffle(able)
  return chosen && ({ kind: 'prefix', victim, by: chosen[0] } as const)
}

/** The half of the lab that is nearer to the start. Both ends of the pair have company where there is any. */
function cutAcross(lab: Lab, path: readonly string[]): FaultTarget {
  const [start = '', end = ''] = [path[0], path.at(-1)]
  const [near, far] = [distances(lab.plan, start), distances(lab.plan, end)]
  const closer = (id: string): boolean => (near.get(id) ?? 0) < (far.get(id) ?? Number.POSITIVE_INFINITY)
  return { kind: 'cut', side: lab.nodes.map((node) => node.id).filter(closer) }
}
