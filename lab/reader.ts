import { parseTopology } from '../src/mesh/index.ts'
import type { Topology } from './topology.ts'

/** Reads any topology file the product knows, for the lab: node ids become short names, qualities are left out. */
export function readTopology(text: string, name: string): Topology {
  const snapshot = parseTopology(text, { name })
  const ids = new Map([...snapshot.nodes.keys()].map((id, index) => [id, `n${index + 1}`]))
  const links = [...snapshot.links.values()].filter((link) => !link.up.known || link.up.value)
  return {
    nodes: [...snapshot.nodes.values()].map((node) => ({ id: ids.get(node.id) ?? node.id, name: node.name })),
    links: links.map((link) => ({ a: ids.get(link.a.node) ?? '', b: ids.get(link.b.node) ?? '' })),
  }
}
