import { bestRoute, isRouteFeasible } from './best.ts'
import { isFeasible, knownSeqno, routeMetric, smoothedMetric } from './metric.ts'
import { queueUpdate, queueUpdateTwice } from './queue.ts'
import { askForSeqno, askNeighbour, satisfies } from './request.ts'
import { INFINITE, type MeshState, NO_ROUTE, NOBODY, routeIndex, UNREACHABLE } from './state.ts'

/** What one neighbour said about one prefix. Decides whether a table changes, and who hears of it. */
export function receiveUpdate(
  state: MeshState,
  node: number,
  slot: number,
  prefix: number,
  router: number,
  seqno: number,
  refmetric: number,
): void {
  if (router === state.routerId[node]) return
  const route = routeIndex(state, slot, prefix)
  const known = state.routeRouter[route] as number
  if (refmetric >= INFINITE) {
    if (known !== NOBODY && (state.refmetric[route] as number) < INFINITE) {
      change(state, node, slot, prefix, known, seqno, INFINITE)
    }
    return
  }
  if (known === router && state.refmetric[route] === refmetric && state.routeSeqno[route] === seqno) {
    state.routeAt[route] = state.now
    refresh(state, node, slot, prefix)
    return
  }
  const feasible = isFeasible(state, node, prefix, router, seqno, refmetric)
  state.touch(node)
  if (known === NOBODY) {
    state.routeRouter[route] = router
    state.routeSeqno[route] = seqno
    state.refmetric[route] = refmetric
    state.routeAt[route] = state.now
    state.smoothed[route] = Math.max(routeMetric(state, slot, prefix), INFINITE >> 1)
    state.smoothedAt[route] = Math.floor(state.now / 1000)
    consider(state, node, slot, prefix)
  } else {
    const isInstalled = state.installed[node * state.width + prefix] === slot
    if (feasible || !isInstalled) state.routeAt[route] = state.now
    if (!feasible && isInstalled && known !== router) dropInfeasible(state, node, slot, prefix)
    change(state, node, slot, prefix, router, seqno, refmetric)
  }
  if (!feasible) askIfUseful(state, node, slot, prefix, router, seqno)
}

/** The cost of a neighbour changed from `oldCost`: every route through it may have to give way or come back. */
export function costChanged(state: MeshState, slot: number, oldCost: number): void {
  const node = state.wiring.owner[slot] as number
  state.touch(node)
  for (let prefix = 0; prefix < state.width; prefix++) {
    const route = routeIndex(state, slot, prefix)
    const refmetric = state.refmetric[route] as number
    if (refmetric >= INFINITE) continue
    const oldMetric = Math.min(INFINITE, refmetric + oldCost)
    smoothedMetric(state, route, oldMetric)
    moved(state, node, slot, prefix, state.routeRouter[route] as number, oldMetric)
  }
}

/** Retracts what nobody confirmed in time, forgets it some time later, and lets smoothed metrics settle. */
export function expireRoutes(state: MeshState, node: number): void {
  const last = state.wiring.first[node + 1] as number
  for (let slot = state.wiring.first[node] as number; slot < last; slot++) {
    for (let prefix = 0; prefix < state.width; prefix++) {
      const route = routeIndex(state, slot, prefix)
      if (state.routeRouter[route] === NOBODY) continue
      const age = state.now - (state.routeAt[route] as number)
      if (age > state.profile.holdMs * 2) flushRoute(state, node, slot, prefix)
      else if (age > state.profile.holdMs) retractRoute(state, node, slot, prefix)
      else if (state.smoothed[route] !== routeMetric(state, slot, prefix)) refresh(state, node, slot, prefix)
    }
  }
}

/** Forgets a route; where it was in use, looks for another one. */
export function flushRoute(state: MeshState, node: number, slot: number, prefix: number): void {
  const route = routeIndex(state, slot, prefix)
  const router = state.routeRouter[route] as number
  if (router === NOBODY) return
  state.touch(node)
  const oldMetric = routeMetric(state, slot, prefix)
  const oldSeqno = state.routeSeqno[route] as number
  state.routeRouter[route] = NOBODY
  state.refmetric[route] = INFINITE
  if (state.installed[node * state.width + prefix] !== slot) return
  uninstall(state, node, prefix)
  lost(state, node, prefix, router, oldSeqno, oldMetric)
}

/** What a node originates itself needs no route; what it no longer originates may have one again. */
export function originationChanged(state: MeshState, node: number, prefix: number): void {
  state.touch(node)
  if (state.originates(node, prefix)) uninstall(state, node, prefix)
  else considerBest(state, node, prefix)
  queueUpdateTwice(state, node, prefix)
}

function retractRoute(state: MeshState, node: number, slot: number, prefix: number): void {
  const route = routeIndex(state, slot, prefix)
  if ((state.refmetric[route] as number) >= INFINITE) return
  const router = state.routeRouter[route] as number
  change(state, node, slot, prefix, router, state.routeSeqno[route] as number, INFINITE)
}

/** The update said nothing new. The smoothed metrics have moved on, though, and another route may be due. */
export function refresh(state: MeshState, node: number, slot: number, prefix: number): void {
  const installed = state.installed[node * state.width + prefix] as number
  if (installed === slot) {
    considerBetter(state, node, slot, prefix)
    return
  }
  consider(state, node, slot, prefix)
  const hasRoute = installed !== NO_ROUTE && routeMetric(state, installed, prefix) < INFINITE
  if (hasRoute || isRouteFeasible(state, node, slot, prefix)) return
  const route = routeIndex(state, slot, prefix)
  const router = state.routeRouter[route] as number
  askIfUseful(state, node, slot, prefix, router, state.routeSeqno[route] as number)
}

function change(
  state: MeshState,
  node: number,
  slot: number,
  prefix: number,
  router: number,
  seqno: number,
  refmetric: number,
): void {
  const route = routeIndex(state, slot, prefix)
  const oldRouter = state.routeRouter[route] as number
  const oldMetric = routeMetric(state, slot, prefix)
  smoothedMetric(state, route, oldMetric)
  state.touch(node)
  state.routeRouter[route] = router
  state.routeSeqno[route] = seqno
  state.refmetric[route] = refmetric
  moved(state, node, slot, prefix, oldRouter, oldMetric)
}

/** A route's metric or source is not what it was: switch, announce, or both. */
function moved(
  state: MeshState,
  node: number,
  slot: number,
  prefix: number,
  oldRouter: number,
  oldMetric: number,
): void {
  const at = node * state.width + prefix
  if (state.installed[at] !== slot) {
    consider(state, node, slot, prefix)
    return
  }
  const metric = routeMetric(state, slot, prefix)
  if (metric >= INFINITE && oldMetric < INFINITE) state.setKernel(node, prefix, UNREACHABLE)
  if (metric < INFINITE && oldMetric >= INFINITE) state.setKernel(node, prefix, slot)
  considerBetter(state, node, slot, prefix)
  if (state.installed[at] === slot) announceChange(state, node, slot, prefix, oldRouter, oldMetric)
}

/** Looks for another route where there is one with a lower metric than the installed one's. */
function considerBetter(state: MeshState, node: number, installed: number, prefix: number): void {
  const metric = routeMetric(state, installed, prefix)
  smoothedMetric(state, routeIndex(state, installed, prefix), metric)
  const last = state.wiring.first[node + 1] as number
  for (let slot = state.wiring.first[node] as number; slot < last; slot++) {
    if (routeMetric(state, slot, prefix) >= metric) continue
    considerBest(state, node, prefix)
    return
  }
}

function considerBest(state: MeshState, node: number, prefix: number): void {
  const best = bestRoute(state, node, prefix)
  if (best !== NO_ROUTE) consider(state, node, best, prefix)
}

/**
 * Installs the route when it beats the installed one in metric and in smoothed metric. The order that this
 * makes is not total, and that is the hysteresis.
 */
function consider(state: MeshState, node: number, slot: number, prefix: number): void {
  const at = node * state.width + prefix
  const installed = state.installed[at] as number
  if (installed === slot || state.originates(node, prefix)) return
  const metric = routeMetric(state, slot, prefix)
  if (metric >= INFINITE) return
  const installedMetric = installed === NO_ROUTE ? INFINITE : routeMetric(state, installed, prefix)
  if (installedMetric < INFINITE) {
    if (installedMetric < metric) return
    const smoothed = smoothedMetric(state, routeIndex(state, slot, prefix), metric)
    if (smoothedMetric(state, routeIndex(state, installed, prefix), installedMetric) <= smoothed) return
  }
  if (!isRouteFeasible(state, node, slot, prefix)) return
  state.touch(node)
  if (installed === NO_ROUTE) {
    state.installed[at] = slot
    state.setKernel(node, prefix, slot)
    queueUpdate(state, node, prefix, true)
    return
  }
  state.installed[at] = slot
  state.setKernel(node, prefix, slot)
  const oldRouter = state.routeRouter[routeIndex(state, installed, prefix)] as number
  announceChange(state, node, slot, prefix, oldRouter, installedMetric)
}

/** Triggered updates: bad news and new sources at once, small improvements not at all (they may be noise). */
function announceChange(
  state: MeshState,
  node: number,
  slot: number,
  prefix: number,
  oldRouter: number,
  oldMetric: number,
): void {
  const route = routeIndex(state, slot, prefix)
  const metric = routeMetric(state, slot, prefix)
  const router = state.routeRouter[route] as number
  const seqno = state.routeSeqno[route] as number
  const difference = Math.abs(metric - oldMetric)
  const isAnswer = satisfies(state, node, prefix, router, seqno)
  if (router !== oldRouter || (oldMetric < INFINITE && metric >= INFINITE)) {
    queueUpdateTwice(state, node, prefix)
  } else if (isAnswer || (metric > oldMetric && oldMetric < 6 * 256 && difference >= 512)) {
    queueUpdate(state, node, prefix, true)
  } else if (oldMetric >= INFINITE && metric < INFINITE) {
    queueUpdate(state, node, prefix, false)
  } else if (difference < 384 || (metric < oldMetric && difference < 1024)) {
    return
  } else queueUpdate(state, node, prefix, false)
  if (oldMetric < INFINITE && metric >= oldMetric + 512) {
    askForSeqno(state, node, prefix, router, knownSeqno(state, node, prefix, router, seqno) + 1)
  }
}

function dropInfeasible(state: MeshState, node: number, slot: number, prefix: number): void {
  const route = routeIndex(state, slot, prefix)
  const oldMetric = routeMetric(state, slot, prefix)
  const router = state.routeRouter[route] as number
  const seqno = state.routeSeqno[route] as number
  uninstall(state, node, prefix)
  state.refmetric[route] = INFINITE
  lost(state, node, prefix, router, seqno, oldMetric)
}

/** The installed route is gone: another one, or a retraction and a request for a newer seqno. */
function lost(
  state: MeshState,
  node: number,
  prefix: number,
  router: number,
  seqno: number,
  oldMetric: number,
): void {
  const best = bestRoute(state, node, prefix)
  if (best !== NO_ROUTE) {
    consider(state, node, best, prefix)
    return
  }
  if (oldMetric >= INFINITE) return
  queueUpdateTwice(state, node, prefix)
  if (oldMetric <= INFINITE / 2) {
    askForSeqno(state, node, prefix, router, knownSeqno(state, node, prefix, router, seqno) + 1)
  }
}

function uninstall(state: MeshState, node: number, prefix: number): void {
  state.touch(node)
  state.installed[node * state.width + prefix] = NO_ROUTE
  state.setKernel(node, prefix, NO_ROUTE)
}

/** An infeasible route that would be much better than what is installed is worth a request. */
function askIfUseful(
  state: MeshState,
  node: number,
  slot: number,
  prefix: number,
  router: number,
  seqno: number,
): void {
  const known = knownSeqno(state, node, prefix, router, seqno)
  if (((known - seqno) & 0xffff) > 100) return
  const installed = state.installed[node * state.width + prefix] as number
  const installedMetric = installed === NO_ROUTE ? INFINITE : routeMetric(state, installed, prefix)
  const isOverdue =
    installed === slot &&
    state.now - (state.routeAt[routeIndex(state, slot, prefix)] as number) > state.profile.holdMs * 0.875
  const metric = routeMetric(state, slot, prefix)
  if (installed === NO_ROUTE || isOverdue || installedMetric >= metric + 512) {
    askNeighbour(state, slot, prefix, router, known + 1)
  }
}
