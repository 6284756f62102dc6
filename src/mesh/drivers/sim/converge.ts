import { scheduleNode, scheduleSlot, slotsOf } from './daemon.ts'
import { noteAnnounced } from './metric.ts'
import { receiveCost } from './neighbour.ts'
import { DEAD, INFINITE, type MeshState, NO_ROUTE, RUNNING, routeIndex } from './state.ts'

/**
 * Puts the mesh into the state that the protocol reaches after a long quiet time, without simulating the way
 * there: every neighbour known, every table at its shortest paths, every metric settled, timers spread out.
 * Links that carry nothing in one direction at least are left out; dead daemons neither route nor announce.
 */
export function converge(state: MeshState): void {
  for (let node = 0; node < state.nodes; node++) {
    if (state.daemon[node] === DEAD) continue
    state.daemon[node] = RUNNING
    state.routerId[node] = state.newRouterId(node)
    state.seqno[node] = state.random.int(65536)
  }
  for (let slot = 0; slot < state.slots; slot++) greet(state, slot)
  for (let slot = 0; slot < state.slots; slot++) {
    if (state.helloSeen[slot] === 0) continue
    const heard = receiveCost(state, state.wiring.rev[slot] as number)
    state.txcost[slot] = heard
    const rxcost = receiveCost(state, slot)
    const isWired = state.profile.linkType === 'wired' || (heard < 256 && rxcost < 256)
    const etx = (Math.max(heard, 256) * Math.max(rxcost, 256) + 128) >> 8
    state.cost[slot] =
      Math.max(heard, rxcost) >= INFINITE ? INFINITE : isWired ? heard : Math.min(etx, INFINITE)
  }
  const distance = new Float64Array(state.nodes)
  for (let prefix = 0; prefix < state.width; prefix++) spread(state, prefix, distance)
  for (let node = 0; node < state.nodes; node++) {
    if (state.daemon[node] !== RUNNING) continue
    scheduleNode(state, node)
    for (const slot of slotsOf(state, node)) {
      if (state.routed[slot] === 1 && state.seenUp[slot] === 1) scheduleSlot(state, slot, true)
    }
  }
}

function greet(state: MeshState, slot: number): void {
  const { world, wiring } = state
  const back = wiring.rev[slot] as number
  const [from, to] = [wiring.owner[slot] as number, wiring.peer[slot] as number]
  const carries =
    world.carrier(slot) &&
    [slot, back].every((s) => world.cut[s] === 0 && state.routed[s] === 1) &&
    [from, to].every((node) => state.daemon[node] === RUNNING && world.frozen[node] === 0)
  if (state.daemon[from] === RUNNING) state.seenUp[slot] = world.ifaceUp[slot] as number
  if (!carries) return
  state.helloSeen[slot] = 1
  // Hellos that a lossy link takes are missing from the history as often as they would be.
  const loss = world.loss[back] as number
  let reach = 0xffff
  if (loss > 0 && state.profile.linkType === 'wireless') {
    reach = 0
    for (let bit = 0; bit < 16; bit++) reach = (reach << 1) | (state.random.next() >= loss ? 1 : 0)
  }
  state.reach[slot] = reach
  state.helloSeqno[slot] = state.sendSeqno[back] as number
  state.hellosFrom[slot] = state.ihuAt[slot] = state.now
}

/** Bellman and Ford's distances from every originator of the prefix, then the tables that they make. */
function spread(state: MeshState, prefix: number, distance: Float64Array): void {
  const { wiring, width } = state
  const router = new Int32Array(state.nodes).fill(-1)
  distance.fill(Number.POSITIVE_INFINITY)
  let frontier: number[] = []
  for (let node = 0; node < state.nodes; node++) {
    if (state.daemon[node] !== RUNNING || !state.originates(node, prefix)) continue
    distance[node] = 0
    router[node] = node
    noteAnnounced(state, node, prefix, state.routerId[node] as number, state.seqno[node] as number, 0)
    frontier.push(node)
  }
  while (frontier.length > 0) {
    const next = new Set<number>()
    for (const node of frontier) {
      const last = wiring.first[node + 1] as number
      for (let slot = wiring.first[node] as number; slot < last; slot++) {
        const peer = wiring.peer[slot] as number
        const back = wiring.rev[slot] as number
        if (state.cost[back] === INFINITE) continue
        const through = (distance[node] as number) + (state.cost[back] as number)
        if (through >= INFINITE || through >= (distance[peer] as number)) continue
        distance[peer] = through
        router[peer] = router[node] as number
        next.add(peer)
      }
    }
    frontier = [...next]
  }
  for (let node = 0; node < state.nodes; node++) {
    if (state.daemon[node] !== RUNNING || distance[node] === Number.POSITIVE_INFINITY) continue
    if (distance[node] !== 0) install(state, node, prefix, distance, router)
  }

  function install(s: MeshState, node: number, d: number, metrics: Float64Array, from: Int32Array): void {
    let best = NO_ROUTE
    let bestMetric = INFINITE
    const last = wiring.first[node + 1] as number
    for (let slot = wiring.first[node] as number; slot < last; slot++) {
      const peer = wiring.peer[slot] as number
      const refmetric = metrics[peer] as number
      if (s.cost[slot] === INFINITE || refmetric >= INFINITE || (from[peer] as number) < 0) continue
      const metric = Math.min(INFINITE, refmetric + (s.cost[slot] as number))
      const origin = from[peer] as number
      const route = routeIndex(s, slot, d)
      s.refmetric[route] = refmetric
      s.routeRouter[route] = s.routerId[origin] as number
      s.routeSeqno[route] = s.seqno[origin] as number
      s.routeAt[route] = s.now
      s.smoothed[route] = metric
      s.smoothedAt[route] = Math.floor(s.now / 1000)
      if (metric >= bestMetric) continue
      best = slot
      bestMetric = metric
    }
    if (best === NO_ROUTE) return
    s.installed[node * width + d] = best
    s.kernel[node * width + d] = best
    const route = routeIndex(s, best, d)
    noteAnnounced(s, node, d, s.routeRouter[route] as number, s.routeSeqno[route] as number, bestMetric)
  }
}
