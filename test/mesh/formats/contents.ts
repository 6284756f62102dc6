import type { MeshSnapshot } from '../../../src/mesh/index.ts'

/** Everything in a snapshot but the routes, which no file holds. */
export function contents({ routes: _, nodes, links, attributes = {}, ...rest }: MeshSnapshot) {
  return { ...rest, attributes, nodes: [...nodes], links: [...links] }
}
