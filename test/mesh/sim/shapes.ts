import type { Random } from '../../../src/core/index.ts'
import type { SimTopology } from '../../../src/mesh/index.ts'

/** `n1` … row by row, each linked to the right and below. */
export function grid(width: number, height: number): SimTopology {
  const links: { a: string; b: string }[] = []
  for (let i = 0; i < width * height; i++) {
    if (i % width < width - 1) links.push({ a: `n${i + 1}`, b: `n${i + 2}` })
    if (i + width < width * height) links.push({ a: `n${i + 1}`, b: `n${i + 1 + width}` })
  }
  return { nodes: Array.from({ length: width * height }, (_, i) => ({ id: `n${i + 1}` })), links }
}

/** `n1` to `nN`, each linked to the next, and the last to the first. */
export function ring(count: number): SimTopology {
  const name = (index: number) => `n${(index % count) + 1}`
  return {
    nodes: Array.from({ length: count }, (_, i) => ({ id: name(i) })),
    links: Array.from({ length: count }, (_, i) => ({ a: name(i), b: name(i + 1) })),
  }
}

/** A connected random mesh: a random tree and some more links, with costs of their own. */
export function randomMesh(random: Random, nodes: number, extra: number): SimTopology {
  const links = new Map<string, { a: string; b: string; rxcost: number }>()
  const add = (a: number, b: number) => {
    if (a === b) return
    const key = `${Math.min(a, b)}-${Math.max(a, b)}`
    links.set(key, { a: `n${a}`, b: `n${b}`, rxcost: 32 + random.int(400) })
  }
  for (let node = 1; node < nodes; node++) add(node, random.int(node))
  for (let i = 0; i < extra; i++) add(random.int(nodes), random.int(nodes))
  return { nodes: Array.from({ length: nodes }, (_, i) => ({ id: `n${i}` })), links: [...links.values()] }
}
