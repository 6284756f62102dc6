import { isFeasible, routeMetric, smoothedMetric } from './metric.ts'
import { INFINITE, type MeshState, NO_ROUTE, routeIndex } from './state.ts'

/** The feasible route with the lowest smoothed metric. */
export function bestRoute(state: MeshState, node: number, prefix: number): number {
  let best = NO_ROUTE
  let bestSmoothed = Number.POSITIVE_INFINITY
  const last = state.wiring.first[node + 1] as number
  for (let slot = state.wiring.first[node] as number; slot < last; slot++) {
    const route = routeIndex(state, slot, prefix)
    const metric = routeMetric(state, slot, prefix)
    if (metric >= INFINITE) continue
    const smoothed = smoothedMetric(state, route, metric)
    if (smoothed >= bestSmoothed || !isRouteFeasible(state, node, slot, prefix)) continue
    best = slot
    bestSmoothed = smoothed
  }
  return best
}

/** Whether the route may be used at all (see `isFeasible`). */
export function isRouteFeasible(state: MeshState, node: number, slot: number, prefix: number): boolean {
  const route = routeIndex(state, slot, prefix)
  const router = state.routeRouter[route] as number
  const refmetric = state.refmetric[route] as number
  return isFeasible(state, node, prefix, router, state.routeSeqno[route] as number, refmetric)
}
