import { meshSwarmError, type Random } from '../../src/core/index.ts'
import type { SimMesh } from '../../src/mesh/index.ts'
import { type FaultTarget, faultKind, type Placement, type PlaceOptions } from '../faults/index.ts'

/**
 * A random pair, rather far apart, and a target on its present way; the same rules as in the lab of real
 * daemons. Throws UNAVAILABLE where the mesh has no such place.
 */
export function placeInSim(
  mesh: SimMesh,
  fault: string,
  random: Random,
  options: PlaceOptions = {},
): Placement {
  const ids = mesh.wiring.nodeIds
  for (const [from, to] of farPairs(mesh, random, options.avoid)) {
    const way = wayOf(mesh, from, to)
    if (way === undefined) continue
    const target = targetOn(mesh, fault, way, random, options)
    if (target === undefined) continue
    return {
      from: ids[from] as string,
      to: ids[to] as string,
      path: way.map((u) => ids[u] as string),
      target,
    }
  }
  throw meshSwarmError('UNAVAILABLE', `No place in this mesh where ${fault} strikes and leaves a way around.`)
}

/** Hops from a node to all that it reaches, without the nodes and links left out. */
function hopsFrom(
  mesh: SimMesh,
  from: number,
  without: { readonly node?: number; readonly link?: number } = {},
): Map<number, number> {
  const { first, link, peer } = mesh.wiring
  const found = new Map([[from, 0]])
  for (const [node, hops] of found) {
    for (let slot = first[node] as number; slot < (first[node + 1] as number); slot++) {
      const next = peer[slot] as number
      if (link[slot] !== without.link && next !== without.node && !found.has(next)) found.set(next, hops + 1)
    }
  }
  return found
}

/** The kernels' way at this moment, without the world's losses; undefined where it breaks off. */
function wayOf(mesh: SimMesh, from: number, to: number): number[] | undefined {
  const { kernel, width } = mesh.state
  const way = [from]
  for (let node = from; node !== to; ) {
    const slot = kernel[node * width + to] as number
    if (slot < 0 || way.length > mesh.state.nodes) return undefined
    node = mesh.wiring.peer[slot] as number
    way.push(node)
  }
  return way
}

/** All pairs in random order, the longer half of the ways first. */
function* farPairs(
  mesh: SimMesh,
  random: Random,
  avoid: ReadonlySet<string> | undefined,
): Generator<[number, number]> {
  const { nodeIds } = mesh.wiring
  const able = [...nodeIds.keys()].filter((node) => !avoid?.has(nodeIds[node] as string))
  const hops = able.map((node) => hopsFrom(mesh, node))
  const lengths = hops.flatMap((reached) => [...reached.values()]).sort((a, b) => a - b)
  const middle = lengths[Math.floor(lengths.length / 2)] ?? 0
  const near: [number, number][] = []
  const order = random.shuffle(able.flatMap((_, i) => able.map((to): [number, number] => [i, to])))
  for (const [i, to] of order) {
    const from = able[i] as number
    if (from === to) continue
    if ((hops[i]?.get(to) ?? 0) >= middle) yield [from, to]
    else near.push([from, to])
  }
  yield* near
}

function targetOn(
  mesh: SimMesh,
  fault: string,
  way: readonly number[],
  random: Random,
  options: PlaceOptions,
): FaultTarget | undefined {
  switch (faultKind(fault).target) {
    case 'link':
      return linkOn(mesh, way, random, options)
    case 'node':
      return nodeOn(mesh, way, random, options)
    case 'prefix':
      return hijackOf(mesh, way, random, options)
    case 'cut':
      return cutAcross(mesh, way)
  }
}

function linkOn(mesh: SimMesh, way: readonly number[], random: Random, options: PlaceOptions) {
  const { linkIds, nodeIds } = mesh.wiring
  const end = way.at(-1) as number
  for (const index of random.shuffle([...way.keys()].slice(1))) {
    const [from, to] = [way[index - 1] as number, way[index] as number]
    const slot = mesh.state.kernel[from * mesh.state.width + end] as number
    const link = mesh.wiring.link[slot] as number
    if (options.avoid?.has(linkIds[link] as string)) continue
    if (!hopsFrom(mesh, way[0] as number, { link }).has(end)) continue
    return { kind: 'link', from: nodeIds[from] as string, to: nodeIds[to] as string } as const
  }
  return undefined
}

function nodeOn(mesh: SimMesh, way: readonly number[], random: Random, options: PlaceOptions) {
  const { nodeIds } = mesh.wiring
  const end = way.at(-1) as number
  if (options.role === 'destination') return { kind: 'node', node: nodeIds[end] as string } as const
  for (const node of random.shuffle(way.slice(1, -1))) {
    if (options.avoid?.has(nodeIds[node] as string)) continue
    if (hopsFrom(mesh, way[0] as number, { node }).has(end)) {
      return { kind: 'node', node: nodeIds[node] as string } as const
    }
  }
  return undefined
}

/** A hijacker nearer to the prober than the victim, so that its announcement wins there. */
function hijackOf(mesh: SimMesh, way: readonly number[], random: Random, options: PlaceOptions) {
  const { nodeIds } = mesh.wiring
  const [start, victim] = [way[0] as number, way.at(-1) as number]
  const near = hopsFrom(mesh, start)
  const limit = (near.get(victim) ?? 0) - 1
  const able = [...near].filter(
    ([node, hops]) =>
      hops > 0 && hops < limit && node !== victim && !options.avoid?.has(nodeIds[node] as string),
  )
  if (able.length === 0) return undefined
  const [by] = random.pick(able)
  return { kind: 'prefix', victim: nodeIds[victim] as string, by: nodeIds[by] as string } as const
}

/** The half of the mesh that is nearer to the start. */
function cutAcross(mesh: SimMesh, way: readonly number[]): FaultTarget {
  const near = hopsFrom(mesh, way[0] as number)
  const far = hopsFrom(mesh, way.at(-1) as number)
  const side = [...mesh.wiring.nodeIds.keys()]
    .filter((node) => (near.get(node) ?? 0) < (far.get(node) ?? Number.POSITIVE_INFINITY))
    .map((node) => mesh.wiring.nodeIds[node] as string)
  return { kind: 'cut', side }
}
