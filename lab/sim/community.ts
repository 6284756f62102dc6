import type { Random } from '../../src/core/index.ts'
import type { SimTopology, SimTopologyLink, SimTopologyNode } from '../../src/mesh/index.ts'

export interface CommunityOptions {
  /** 100 unless told. */
  readonly nodes?: number
  /** Uplinks to the internet, 1 to 3; drawn unless told. */
  readonly gateways?: number
}

interface Point {
  readonly east: number
  readonly north: number
  readonly cluster: number
}

const CENTRE = { longitude: 13.4, latitude: 52.52 }
const METRES_PER_DEGREE = 111_320
/** Share of the nodes with a single neighbour: somebody's window sill. */
const LEAF_SHARE = 0.12

/**
 * A community mesh as one finds them in towns: clusters of roofs in sight of each other, a redundant backbone
 * of long links between the clusters, leaves with one neighbour, one to three gateways on the backbone. The
 * same seed gives the same mesh. Without its leaves no single link holds it together.
 */
export function communityTopology(random: Random, options: CommunityOptions = {}): SimTopology {
  const count = options.nodes ?? 100
  const clusters = Math.max(2, Math.round(count / 12))
  const leaves = Math.floor(count * LEAF_SHARE)
  const points = scatter(random, count - leaves, clusters)
  const links = new LinkSet(points)
  for (let cluster = 0; cluster < clusters; cluster++) knit(links, members(points, cluster))
  const hubs = backbone(links, points, clusters)
  for (let i = 0; i < leaves; i++) {
    const host = random.int(count - leaves)
    const roof = points[host] as Point
    const leaf = { ...roof, east: roof.east + random.normal(0, 60), north: roof.north + random.normal(0, 60) }
    links.add(host, points.push(leaf) - 1)
  }
  const gateways = new Set(random.shuffle(hubs).slice(0, options.gateways ?? 1 + random.int(3)))
  const nodes = points.map((point, index) => nodeOf(point, index, gateways.has(index)))
  return { nodes, links: links.all.map(([a, b]) => linkOf(points, a, b)) }
}

/** Nodes around the middle of each cluster, the middles well apart on a few square kilometres. */
function scatter(random: Random, count: number, clusters: number): Point[] {
  const side = 900 * Math.sqrt(clusters)
  const middles: { east: number; north: number }[] = []
  let apart = 700
  while (middles.length < clusters) {
    const middle = { east: random.next() * side, north: random.next() * side }
    if (middles.every((other) => Math.hypot(other.east - middle.east, other.north - middle.north) > apart)) {
      middles.push(middle)
    } else apart *= 0.99
  }
  return Array.from({ length: count }, (_, i) => {
    const cluster = i % clusters
    const { east, north } = middles[cluster] as { east: number; north: number }
    return { east: east + random.normal(0, 140), north: north + random.normal(0, 140), cluster }
  })
}

/** Links within a cluster: a ring through all of it, and to the two nearest of each. */
function knit(links: LinkSet, nodes: readonly number[]): void {
  const [start] = nodes
  if (start === undefined || nodes.length < 2) return
  const left = new Set(nodes.slice(1))
  let here = start
  while (left.size > 0) {
    const next = links.nearest(here, [...left])
    links.add(here, next)
    left.delete(next)
    here = next
  }
  if (nodes.length > 2) links.add(here, start)
  for (const node of nodes) {
    const near = nodes
      .filter((other) => other !== node)
      .sort((a, b) => links.length(node, a) - links.length(node, b))
    for (const other of near.slice(0, 2)) links.add(node, other)
  }
}

/** Two hubs a cluster, and links between each cluster's hubs and those of its nearest clusters. */
function backbone(links: LinkSet, points: readonly Point[], clusters: number): number[] {
  const hubs = Array.from({ length: clusters }, (_, cluster) => links.busiest(members(points, cluster), 2))
  const distance = (x: number, y: number) => links.length(hubs[x]?.[0] as number, hubs[y]?.[0] as number)
  const join = (x: number, y: number) => {
    const [from, to] = [hubs[x] as number[], hubs[y] as number[]]
    links.add(from[0] as number, to[0] as number)
    links.add(from.at(-1) as number, to.at(-1) as number)
  }
  // A ring over all clusters by bearing keeps the backbone whole when any one cluster is out.
  const middle = { east: mean(points, 'east'), north: mean(points, 'north') }
  const bearing = (cluster: number) => {
    const hub = hubs[cluster]?.[0] ?? 0
    const { east, north } = points[hub] as Point
    return Math.atan2(north - middle.north, east - middle.east)
  }
  const ring = Array.from({ length: clusters }, (_, i) => i).sort((a, b) => bearing(a) - bearing(b))
  ring.forEach((cluster, i) => {
    const next = ring[(i + 1) % clusters] as number
    if (next !== cluster) join(cluster, next)
    const [nearest] = ring
      .filter((x) => x !== cluster)
      .sort((a, b) => distance(cluster, a) - distance(cluster, b))
    if (nearest !== undefined) join(cluster, nearest)
  })
  return hubs.flat()
}

class LinkSet {
  readonly all: [number, number][] = []
  readonly #seen = new Set<string>()
  readonly #points: readonly Point[]

  constructor(points: readonly Point[]) {
    this.#points = points
  }

  add(a: number, b: number): void {
    const key = a < b ? `${a}-${b}` : `${b}-${a}`
    if (a === b || this.#seen.has(key)) return
    this.#seen.add(key)
    this.all.push([a, b])
  }

  length(a: number, b: number): number {
    const [p, q] = [this.#points[a] as Point, this.#points[b] as Point]
    return Math.hypot(p.east - q.east, p.north - q.north)
  }

  nearest(to: number, among: readonly number[]): number {
    return among.reduce((best, node) => (this.length(to, node) < this.length(to, best) ? node : best))
  }

  /** The nodes with most links so far. */
  busiest(among: readonly number[], count: number): number[] {
    const degree = (node: number) => this.all.filter(([a, b]) => a === node || b === node).length
    return among.toSorted((a, b) => degree(b) - degree(a)).slice(0, count)
  }
}

function members(points: readonly Point[], cluster: number): number[] {
  return [...points.keys()].filter((i) => points[i]?.cluster === cluster)
}

function mean(points: readonly Point[], axis: 'east' | 'north'): number {
  return points.reduce((sum, point) => sum + point[axis], 0) / points.length
}

function nodeOf(point: Point, index: number, gateway: boolean): SimTopologyNode {
  const latitude = CENTRE.latitude + point.north / METRES_PER_DEGREE
  const scale = METRES_PER_DEGREE * Math.cos((CENTRE.latitude * Math.PI) / 180)
  const longitude = CENTRE.longitude + point.east / scale
  return { id: `n${index + 1}`, gateway, position: { longitude, latitude } }
}

function linkOf(points: readonly Point[], a: number, b: number): SimTopologyLink {
  const isBackbone = points[a]?.cluster !== points[b]?.cluster
  return { a: `n${a + 1}`, b: `n${b + 1}`, delayMs: isBackbone ? 3 : 1.5 }
}
