import { type LinkId, meshSwarmError, type NodeId } from '../../core/index.ts'
import type { GraphView, MeshGraph } from './graph.ts'
import { pathMetric, type RouterMetric } from './metric.ts'

export interface MeshPath {
  /** Both ends included. */
  readonly nodes: readonly NodeId[]
  readonly links: readonly LinkId[]
  /** In the metric's unit: transmissions, TQ of the path, ms, babel cost, hops. */
  readonly cost: number
  /** Links whose quality nobody knows, so that the router's assumption went into the cost. */
  readonly assumed: readonly LinkId[]
}

export function meshPath(
  view: GraphView,
  metric: RouterMetric,
  source: number,
  arcs: readonly number[],
): MeshPath {
  const { graph } = view
  const nodes = [source, ...arcs.map((arc) => graph.heads[arc] as number)]
  const sum = arcs.reduce((total, arc) => total + (graph.weights[arc] as number), 0)
  return Object.freeze({
    nodes: nodes.map((node) => graph.nodeIds[node] as NodeId),
    links: arcs.map((arc) => graph.linkIds[arc >> 1] as LinkId),
    cost: pathMetric(metric, sum),
    assumed: arcs.filter((arc) => graph.assumed[arc] === 1).map((arc) => graph.linkIds[arc >> 1] as LinkId),
  })
}

export function nodeIndexOf(graph: MeshGraph, id: NodeId): number {
  const index = graph.nodeIndex.get(id)
  if (index === undefined)
    throw meshSwarmError('NODE_NOT_FOUND', `There is no node ${id} in this mesh.`, { details: { node: id } })
  return index
}

export function linkIndexOf(graph: MeshGraph, id: LinkId): number {
  const index = graph.linkIndex.get(id)
  if (index === undefined)
    throw meshSwarmError('LINK_NOT_FOUND', `There is no link ${id} in this mesh.`, { details: { link: id } })
  return index
}
