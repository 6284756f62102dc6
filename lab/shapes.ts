import { meshSwarmError, seededRandom } from '../src/core/index.ts'
import type { Topology, TopologyLink, TopologyNode } from './topology.ts'

function count(text: string | undefined, example: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) {
    throw meshSwarmError('INVALID_TOPOLOGY', `'${text ?? ''}' is no size; write it like ${example}`)
  }
  return value
}

function numbered(size: number): TopologyNode[] {
  return Array.from({ length: size }, (_, index) => ({ id: `n${index + 1}` }))
}

function link(a: number, b: number): TopologyLink {
  return { a: `n${a + 1}`, b: `n${b + 1}` }
}

function grid(argument: string): Topology {
  const [first, second] = argument.split('x', 2)
  const width = count(first, 'grid:4x4')
  const height = count(second, 'grid:4x4')
  const links: TopologyLink[] = []
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const here = y * width + x
      if (x + 1 < width) links.push(link(here, here + 1))
      if (y + 1 < height) links.push(link(here, here + width))
    }
  }
  return { nodes: numbered(width * height), links }
}

function line(argument: string): Topology {
  const size = count(argument, 'line:5')
  return { nodes: numbered(size), links: Array.from({ length: size - 1 }, (_, i) => link(i, i + 1)) }
}

function ring(argument: string): Topology {
  const open = line(argument)
  const size = open.nodes.length
  return size < 3 ? open : { nodes: open.nodes, links: [...open.links, link(size - 1, 0)] }
}

/**
 * Points in the unit square: each is linked to its three nearest, so there are detours, then the components are
 * joined by their shortest gap. Community meshes look more like this than like a grid.
 */
function geometric(argument: string): Topology {
  const [first, second] = argument.split(',', 2)
  const size = count(first, 'geo:30')
  const random = seededRandom(second === undefined ? 1 : count(second, 'geo:30,7'))
  const points = Array.from({ length: size }, (_, index) => ({ index, x: random.next(), y: random.next() }))
  const pairs = points.flatMap((p) =>
    points
      .slice(p.index + 1)
      .map((q) => ({ a: p.index, b: q.index, length: Math.hypot(p.x - q.x, p.y - q.y) })),
  )
  pairs.sort((x, y) => x.length - y.length)
  const degree = new Array<number>(size).fill(0)
  const group = points.map((p) => p.index)
  const chosen = new Set<(typeof pairs)[number]>()
  const add = (pair: (typeof pairs)[number]): void => {
    chosen.add(pair)
    degree[pair.a] = (degree[pair.a] ?? 0) + 1
    degree[pair.b] = (degree[pair.b] ?? 0) + 1
    const [from, to] = [group[pair.a], group[pair.b]]
    for (const [i, g] of group.entries()) if (g === from && to !== undefined) group[i] = to
  }
  for (const pair of pairs) {
    if ((degree[pair.a] ?? 0) < 3 || (degree[pair.b] ?? 0) < 3) add(pair)
  }
  for (const pair of pairs) if (group[pair.a] !== group[pair.b]) add(pair)
  return { nodes: numbered(size), links: [...chosen].map(({ a, b }) => link(a, b)) }
}

const SHAPES: Readonly<Record<string, (argument: string) => Topology>> = { grid, ring, line, geo: geometric }

/** `grid:4x4`, `ring:10`, `line:5` or `geo:30` (`geo:30,7` with a seed); undefined where `spec` is none of them. */
export function builtinTopology(spec: string): Topology | undefined {
  const [shape = '', argument = ''] = spec.split(':', 2)
  return Object.hasOwn(SHAPES, shape) ? SHAPES[shape]?.(argument) : undefined
}
