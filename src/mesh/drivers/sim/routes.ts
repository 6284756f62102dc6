import type { NodeId } from '../../../core/index.ts'
import type { RouteView } from '../../model.ts'
import type { SimMesh } from './mesh.ts'
import { routeMetric } from './metric.ts'
import { DEAD, INFINITE, NO_ROUTE, NOBODY, routeIndex } from './state.ts'

/** A copy of what the daemons' tables say now: dead ones say nothing. */
export function routeView(mesh: SimMesh): RouteView {
  const { state, wiring } = mesh
  const { nodes, width } = state
  const next = new Int32Array(nodes * nodes).fill(NO_ROUTE)
  const origin = new Uint16Array(nodes * nodes).fill(NOBODY)
  for (let node = 0; node < nodes; node++) {
    if (state.daemon[node] === DEAD) continue
    for (let to = 0; to < nodes; to++) {
      const at = node * nodes + to
      if (state.originates(node, to)) origin[at] = state.routerId[node] as number
      const slot = state.installed[node * width + to] as number
      if (slot === NO_ROUTE || routeMetric(state, slot, to) >= INFINITE) continue
      next[at] = wiring.peer[slot] as number
      origin[at] = state.routeRouter[routeIndex(state, slot, to)] as number
    }
  }
  const routers = state.routers.slice()
  const ids = wiring.nodeIds
  const number = (id: NodeId) => wiring.nodeOf.get(id)
  return Object.freeze({ nextHop, path, originatorsOf })

  function nextHop(from: NodeId, to: NodeId): NodeId | undefined {
    const [u, d] = [number(from), number(to)]
    if (u === undefined || d === undefined) return undefined
    const hop = next[u * nodes + d] as number
    return hop === NO_ROUTE ? undefined : ids[hop]
  }

  function path(from: NodeId, to: NodeId): readonly NodeId[] | undefined {
    const [start, d] = [number(from), number(to)]
    if (start === undefined || d === undefined) return undefined
    const way = [ids[start] as NodeId]
    for (let u = start; u !== d; ) {
      u = next[u * nodes + d] as number
      if (u === NO_ROUTE || way.length > nodes) return undefined
      way.push(ids[u] as NodeId)
    }
    return way
  }

  function originatorsOf(node: NodeId): ReadonlyMap<string, readonly NodeId[]> {
    const believers = new Map<string, NodeId[]>()
    const d = number(node)
    for (let u = 0; d !== undefined && u < nodes; u++) {
      const router = routers[origin[u * nodes + d] as number]
      if (router === undefined) continue
      const list = believers.get(router.text)
      if (list === undefined) believers.set(router.text, [ids[u] as NodeId])
      else list.push(ids[u] as NodeId)
    }
    return believers
  }
}
