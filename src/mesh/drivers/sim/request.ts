import { isNewer, routeMetric } from './metric.ts'
import { queueOn } from './queue.ts'
import { INFINITE, type MeshState, NO_ROUTE, type PendingRequest, RUNNING, routeIndex } from './state.ts'
import { LOST } from './world.ts'

const REQUEST_BYTES = 80
const MAX_HOPS = 64
/** A request is tried this often before a node gives up. */
const TRIES = 3
const REQUEST_LIFE_MS = 65_000
/** How often a node asks one neighbour of its own accord. */
const ASK_EVERY_MS = 1000
/** How long a request waits at most where the neighbour asks for acknowledgements: the time between two of these. */
const HASTENED_MS = 50

interface SeqnoRequest {
  readonly prefix: number
  readonly router: number
  readonly seqno: number
  readonly hops: number
}

/** Asks every neighbour for a newer seqno of a source, again after 2, 4 … s until one comes. */
export function askForSeqno(
  state: MeshState,
  node: number,
  prefix: number,
  router: number,
  seqno: number,
): void {
  const request = { prefix, router, seqno: seqno & 0xffff, hops: MAX_HOPS }
  const epoch = state.epoch[node]
  remember(state, node, request)
  const attempt = (tries: number) => {
    const last = state.wiring.first[node + 1] as number
    for (let slot = state.wiring.first[node] as number; slot < last; slot++) sendRequest(state, slot, request)
    if (tries <= 1) return
    state.call(state.roughly(2000) * 2 ** (TRIES - tries), () => {
      if (state.epoch[node] !== epoch) return
      if (isAwaited(state, node, prefix, router, request.seqno - 1)) attempt(tries - 1)
    })
  }
  attempt(TRIES)
}

/** From every node but the source itself, as somebody would who acts on all of them. */
export function askEverywhere(state: MeshState, source: number): void {
  const [router, seqno] = [state.routerId[source] as number, state.seqno[source] as number]
  const request = { prefix: source, router, seqno: (seqno + 1) & 0xffff, hops: MAX_HOPS }
  for (let slot = 0; slot < state.slots; slot++) {
    if (state.wiring.owner[slot] !== source) sendRequest(state, slot, request)
  }
}

/** Asks one neighbour only: the way to make an infeasible route of its usable. */
export function askNeighbour(
  state: MeshState,
  slot: number,
  prefix: number,
  router: number,
  seqno: number,
): void {
  const request = { prefix, router, seqno: seqno & 0xffff, hops: MAX_HOPS }
  const node = state.wiring.owner[slot] as number
  const asked = state.asked[node] as Map<number, number>
  const key = prefix * 65536 + router
  if ((asked.get(key) ?? Number.NEGATIVE_INFINITY) > state.now - ASK_EVERY_MS) return
  asked.set(key, state.now)
  sendRequest(state, slot, request)
}

/** Whether somebody waits here for a newer seqno than `seqno`: an answer is passed on at once. */
function isAwaited(state: MeshState, node: number, prefix: number, router: number, seqno: number): boolean {
  const requests = state.requests[node] as Map<number, PendingRequest>
  if (requests.size === 0) return false
  const pending = requests.get(prefix * 65536 + router)
  if (pending === undefined) return false
  if (pending.until >= state.now) return isNewer(pending.seqno, seqno & 0xffff)
  requests.delete(prefix * 65536 + router)
  return false
}

/** Whether an update with this seqno is what a pending request asked for; then it is pending no more. */
export function satisfies(
  state: MeshState,
  node: number,
  prefix: number,
  router: number,
  seqno: number,
): boolean {
  const requests = state.requests[node] as Map<number, PendingRequest>
  if (requests.size === 0) return false
  const pending = requests.get(prefix * 65536 + router)
  if (pending === undefined || isNewer(pending.seqno, seqno)) return false
  requests.delete(prefix * 65536 + router)
  return pending.until >= state.now
}

function sendRequest(state: MeshState, slot: number, request: SeqnoRequest): void {
  if (state.routed[slot] === 0) return
  const isHastened = state.now < (state.hastenedUntil[state.wiring.peer[slot] as number] as number)
  const pace = isHastened ? HASTENED_MS : state.profile.helloMs / 2
  const epoch = state.slotEpoch[slot]
  state.call(Math.min(state.roughly(pace) / 2, 1000), () => {
    if (state.slotEpoch[slot] !== epoch) return
    const delay = state.world.transmit(slot, REQUEST_BYTES, state.now)
    if (delay === LOST) return
    state.call(delay, () => receiveRequest(state, state.wiring.rev[slot] as number, request))
  })
}

/** Answers the request from own knowledge, or passes it on towards the source. */
function receiveRequest(state: MeshState, slot: number, request: SeqnoRequest): void {
  const node = state.wiring.owner[slot] as number
  if (state.daemon[node] !== RUNNING || state.routed[slot] === 0 || state.seenUp[slot] === 0) return
  const { prefix, router, seqno } = request
  if (state.originates(node, prefix)) {
    if (router === state.routerId[node] && isNewer(seqno, state.seqno[node] as number)) {
      state.touch(node)
      state.seqno[node] = ((state.seqno[node] as number) + 1) & 0xffff
    }
    queueOn(state, slot, prefix, true)
    return
  }
  const at = node * state.width + prefix
  const installed = state.installed[at] as number
  const usable = installed !== NO_ROUTE && routeMetric(state, installed, prefix) < INFINITE
  if (usable) {
    const route = routeIndex(state, installed, prefix)
    if (state.routeRouter[route] !== router || !isNewer(seqno, state.routeSeqno[route] as number)) {
      queueOn(state, slot, prefix, true)
      return
    }
  }
  if (request.hops <= 1 || isRepeated(state, node, request)) return
  const next = usable && installed !== slot ? installed : detour(state, node, prefix, slot)
  if (next === NO_ROUTE) return
  remember(state, node, request)
  sendRequest(state, next, { ...request, hops: request.hops - 1 })
}

/** The best route, feasible or not, that does not lead back to `exclude`. */
function detour(state: MeshState, node: number, prefix: number, exclude: number): number {
  let best = NO_ROUTE
  let bestMetric = INFINITE
  const last = state.wiring.first[node + 1] as number
  for (let slot = state.wiring.first[node] as number; slot < last; slot++) {
    const metric = routeMetric(state, slot, prefix)
    if (slot === exclude || metric >= bestMetric) continue
    best = slot
    bestMetric = metric
  }
  return best
}

/**
 * Whether the same request, or one for a newer seqno, is pending here. Requests go round in crowds, so a node
 * passes each on only once, as babeld does. Where that one ran into a neighbour that had just died, the source
 * stays out of reach until the request is forgotten: a minute, seen on real daemons as well.
 */
function isRepeated(state: MeshState, node: number, request: SeqnoRequest): boolean {
  return isAwaited(state, node, request.prefix, request.router, request.seqno - 1)
}

function remember(state: MeshState, node: number, request: SeqnoRequest): void {
  const entry = { seqno: request.seqno, until: state.now + REQUEST_LIFE_MS }
  state.requests[node]?.set(request.prefix * 65536 + request.router, entry)
}
