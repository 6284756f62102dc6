import { meshSwarmError, type Random } from '../../core/index.ts'
import type { MeshSnapshot } from '../model.ts'
import { buildSnapshot } from './build.ts'
import type { LinkSpec, NodeSpec } from './spec.ts'

/** Degrees between two neighbours of a regular shape: about 220 m of latitude. */
const STEP = 0.002
const ORIGIN = { longitude: 9, latitude: 52 }

/** `n1 - n2 - … - nN`. Generated meshes have names and positions; every quality is unknown. */
export function lineTopology(count: number): MeshSnapshot {
  checkCount(count, 1)
  return generated(`line:${count}`, lineNodes(count), chain(count))
}

/** A line whose last node is linked to the first; at least three nodes. */
export function ringTopology(count: number): MeshSnapshot {
  checkCount(count, 3)
  const nodes = lineNodes(count).map((node, i) => {
    const angle = (2 * Math.PI * i) / count
    const radius = (STEP * count) / (2 * Math.PI)
    return at(node.id, radius * Math.cos(angle), radius * Math.sin(angle))
  })
  return generated(`ring:${count}`, nodes, [...chain(count), { a: nodeName(count - 1), b: nodeName(0) }])
}

/** `width` by `height` nodes, row by row, each linked to its neighbours to the right and below. */
export function gridTopology(width: number, height: number): MeshSnapshot {
  checkCount(width, 1)
  checkCount(height, 1)
  const nodes: NodeSpec[] = []
  const links: LinkSpec[] = []
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x
      nodes.push(at(nodeName(i), x * STEP, -y * STEP))
      if (x + 1 < width) links.push({ a: nodeName(i), b: nodeName(i + 1) })
      if (y + 1 < height) links.push({ a: nodeName(i), b: nodeName(i + width) })
    }
  }
  return generated(`grid:${width}x${height}`, nodes, links)
}

export interface GeometricOptions {
  readonly random: Random
  /** Mean number of neighbours aimed at; 6 unless told. The edge of the square lowers it a little. */
  readonly degree?: number
}

/**
 * A random geometric graph (Gilbert, 1961): nodes strewn over a square, linked within radio range. Parts that
 * are out of range are joined by their shortest gap, so that the mesh is connected.
 */
export function geometricTopology(count: number, options: GeometricOptions): MeshSnapshot {
  checkCount(count, 1)
  const { random, degree = 6 } = options
  const side = Math.sqrt(count) * STEP
  const points = Array.from({ length: count }, () => ({ x: random.next() * side, y: random.next() * side }))
  const range = STEP * Math.sqrt(degree / Math.PI)
  const part = Int32Array.from(points.keys())
  const find = (i: number): number => {
    let root = i
    while (part[root] !== root) root = part[root] as number
    part[i] = root
    return root
  }
  const links: LinkSpec[] = []
  // Kruskal's order: pairs by distance, everything in range, and beyond it only what joins two parts.
  for (const [i, j, distance] of pairsByDistance(points)) {
    const rootI = find(i)
    const rootJ = find(j)
    if (distance > range && rootI === rootJ) continue
    part[rootJ] = rootI
    links.push({ a: nodeName(i), b: nodeName(j) })
  }
  const nodes = points.map(({ x, y }, i) => at(nodeName(i), x, y))
  return generated(`geo:${count}`, nodes, links)
}

function pairsByDistance(points: readonly { x: number; y: number }[]): [number, number, number][] {
  const pairs: [number, number, number][] = []
  points.forEach((p, i) => {
    for (let j = i + 1; j < points.length; j++) {
      const q = points[j] as { x: number; y: number }
      pairs.push([i, j, Math.hypot(p.x - q.x, p.y - q.y)])
    }
  })
  return pairs.sort((p, q) => p[2] - q[2])
}

function generated(label: string, nodes: readonly NodeSpec[], links: readonly LinkSpec[]): MeshSnapshot {
  return buildSnapshot({ takenAt: 0, source: 'simulated', label, nodes, links })
}

function lineNodes(count: number): NodeSpec[] {
  return Array.from({ length: count }, (_, i) => at(nodeName(i), i * STEP, 0))
}

function chain(count: number): LinkSpec[] {
  return Array.from({ length: count - 1 }, (_, i) => ({ a: nodeName(i), b: nodeName(i + 1) }))
}

function at(id: string, east: number, north: number): NodeSpec {
  return { id, position: { longitude: ORIGIN.longitude + east, latitude: ORIGIN.latitude + north } }
}

function nodeName(index: number): string {
  return `n${index + 1}`
}

function checkCount(count: number, least: number): void {
  if (!Number.isInteger(count) || count < least || count > 10_000) {
    throw meshSwarmError(
      'INVALID_INPUT',
      `A generated mesh takes ${least} to 10000 nodes a side, not ${count}.`,
    )
  }
}
