import { meshSwarmError } from '../src/core/index.ts'

export interface TopologyNode {
  readonly id: string
  readonly name?: string
}

export interface TopologyLink {
  readonly a: string
  readonly b: string
}

/** What a lab is built from. Links are undirected; at most one between two nodes. */
export interface Topology {
  readonly nodes: readonly TopologyNode[]
  readonly links: readonly TopologyLink[]
}

/** Turns the text of a topology file into nodes and links; throws where the text is broken. */
export type TopologyReader = (text: string, name: string) => Topology

const MAX_NODES = 200

function neighbours(topology: Topology): Map<string, string[]> {
  const table = new Map<string, string[]>(topology.nodes.map((node) => [node.id, []]))
  for (const { a, b } of topology.links) {
    table.get(a)?.push(b)
    table.get(b)?.push(a)
  }
  return table
}

/** Checks what a lab needs: 2 to 200 distinct nodes, no loose or double links. Throws INVALID_TOPOLOGY. */
export function checkTopology(topology: Topology): void {
  const fail = (why: string): never => {
    throw meshSwarmError('INVALID_TOPOLOGY', why)
  }
  const ids = new Set(topology.nodes.map((node) => node.id))
  if (ids.size !== topology.nodes.length) fail('two nodes of the topology have the same id')
  if (ids.size < 2 || ids.size > MAX_NODES) {
    fail(`a lab has 2 to ${MAX_NODES} nodes, not ${ids.size}; take a part with --nodes`)
  }
  const seen = new Set<string>()
  for (const { a, b } of topology.links) {
    if (!ids.has(a) || !ids.has(b)) fail(`the link ${a} - ${b} names a node that is not there`)
    if (a === b) fail(`node ${a} is linked to itself`)
    const key = a < b ? `${a}\n${b}` : `${b}\n${a}`
    if (seen.has(key)) fail(`the link ${a} - ${b} is there twice`)
    seen.add(key)
  }
}

/** Drops self-links, doubles and links to strangers: what real files contain and a lab cannot have. */
export function tidy(topology: Topology): Topology {
  const ids = new Set(topology.nodes.map((node) => node.id))
  const links = new Map<string, TopologyLink>()
  for (const link of topology.links) {
    const key = link.a < link.b ? `${link.a}\n${link.b}` : `${link.b}\n${link.a}`
    if (link.a !== link.b && ids.has(link.a) && ids.has(link.b) && !links.has(key)) links.set(key, link)
  }
  return { nodes: topology.nodes, links: [...links.values()] }
}

/** The first `count` nodes of a breadth-first walk from the node with most neighbours, with all their links. */
export function connectedPart(topology: Topology, count: number): Topology {
  const table = neighbours(topology)
  const [start] = [...table].sort((x, y) => y[1].length - x[1].length)
  const chosen = new Set<string>(start ? [start[0]] : [])
  for (const id of chosen) {
    for (const next of table.get(id) ?? []) {
      if (chosen.size < count) chosen.add(next)
    }
  }
  return {
    nodes: topology.nodes.filter((node) => chosen.has(node.id)),
    links: topology.links.filter((link) => chosen.has(link.a) && chosen.has(link.b)),
  }
}
