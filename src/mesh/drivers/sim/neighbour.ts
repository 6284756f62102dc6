import { queueUpdate } from './queue.ts'
import { costChanged, flushRoute } from './selection.ts'
import { EVENT, INFINITE, type MeshState, NOBODY, RUNNING, routeIndex } from './state.ts'
import { LOST, PLAIN_MS } from './world.ts'

const HELLO_BYTES = 90
/** IHUs ride on every third hello, and on each one while a neighbour is shaky. */
const IHU_EVERY = 3

/** Sends a hello on the interface and, when due, says how well the neighbour is heard (IHU). */
export function sendHello(state: MeshState, slot: number): void {
  const seqno = ((state.sendSeqno[slot] as number) + 1) & 0xffff
  state.sendSeqno[slot] = seqno
  const withIhu = seqno % IHU_EVERY === 0 || isShaky(state.reach[slot] as number)
  const rxcost = withIhu ? receiveCost(state, slot) : INFINITE
  const isHeard = withIhu && state.helloSeen[slot] === 1
  deliver(state, slot, (back) => {
    receiveHello(state, back, seqno)
    if (isHeard) receiveIhu(state, back, rxcost)
  })
}

/** What the interface announces to the neighbour: the cost to send to us. */
export function receiveCost(state: MeshState, slot: number): number {
  const reach = state.reach[slot] as number
  const nominal = state.rxcost[slot] as number
  if ((reach & 0xfff0) === 0) return INFINITE
  if (state.profile.linkType === 'wired') {
    // Two of the last three hellos, the last one or the one before among them.
    if ((reach & 0xc000) === 0xc000) return nominal
    return (reach & 0xc000) !== 0 && (reach & 0x2000) !== 0 ? nominal : INFINITE
  }
  // The newer a hello, the more it counts: nominal / probability of reception.
  const weighted = ((reach & 0x8000) >> 2) + ((reach & 0x4000) >> 1) + (reach & 0x3fff)
  return Math.min(INFINITE, Math.floor((0x8000 * nominal) / (weighted + 1)))
}

/** Periodic look at every neighbour: counts hellos that did not come, lets IHUs expire. */
export function checkNeighbours(state: MeshState, node: number): void {
  const interval = state.profile.helloMs
  const last = state.wiring.first[node + 1] as number
  for (let slot = state.wiring.first[node] as number; slot < last; slot++) {
    if (state.helloSeen[slot] === 0) continue
    const missed = Math.floor((state.now - (state.hellosFrom[slot] as number) - interval * 0.7) / interval)
    if (missed > 0) {
      state.hellosFrom[slot] = (state.hellosFrom[slot] as number) + missed * interval
      state.helloSeqno[slot] = ((state.helloSeqno[slot] as number) + missed) & 0xffff
      shiftReach(state, slot, missed)
      afterReach(state, slot, node)
    }
    if (state.reach[slot] === 0) forgetNeighbour(state, slot)
    else {
      if (state.now - (state.ihuAt[slot] as number) >= 3 * IHU_EVERY * interval) {
        state.txcost[slot] = INFINITE
        state.ihuAt[slot] = state.now
      }
      updateCost(state, slot)
    }
  }
  state.at(state.roughly(interval * 1.5), EVENT.check, node, state.epoch[node] as number)
}

/** Forgets the neighbour and every route through it. */
export function forgetNeighbour(state: MeshState, slot: number): void {
  const node = state.wiring.owner[slot] as number
  state.reach[slot] = 0
  state.helloSeen[slot] = 0
  state.txcost[slot] = INFINITE
  updateCost(state, slot)
  for (let prefix = 0; prefix < state.width; prefix++) {
    if (state.routeRouter[routeIndex(state, slot, prefix)] !== NOBODY) flushRoute(state, node, slot, prefix)
  }
}

/** Sends a frame of the protocol; `arrive` runs at the other end if that can hear it. */
export function deliver(
  state: MeshState,
  slot: number,
  arrive: (back: number) => void,
  bytes = HELLO_BYTES,
): void {
  const delay = state.world.transmit(slot, bytes, state.now)
  if (delay === LOST) return
  const back = state.wiring.rev[slot] as number
  const node = state.wiring.peer[slot] as number
  const arriveIfHeard = () => {
    if (state.daemon[node] === RUNNING && state.routed[back] === 1 && state.seenUp[back] === 1) arrive(back)
  }
  if (delay <= PLAIN_MS) arriveIfHeard()
  else state.call(delay, arriveIfHeard)
}

function receiveHello(state: MeshState, slot: number, seqno: number): void {
  const node = state.wiring.owner[slot] as number
  if (state.helloSeen[slot] === 1 && (state.reach[slot] as number) > 0) {
    const missed = (((seqno - (state.helloSeqno[slot] as number) - 1) & 0xffff) << 16) >> 16
    if (missed < -8 || missed > 8) state.reach[slot] = 0
    else if (missed > 0) shiftReach(state, slot, missed)
  }
  const isNew = state.helloSeen[slot] === 0
  if (isNew) {
    state.helloSeen[slot] = 1
    state.ihuAt[slot] = state.now
  }
  state.hellosFrom[slot] = state.now
  state.helloSeqno[slot] = seqno
  state.reach[slot] = ((state.reach[slot] as number) >> 1) | 0x8000
  if (((state.reach[slot] as number) & 0xfc00) === 0xfc00 && state.profile.linkType === 'wired') return
  afterReach(state, slot, node)
  updateCost(state, slot)
}

function receiveIhu(state: MeshState, slot: number, rxcost: number): void {
  state.ihuAt[slot] = state.now
  if (state.txcost[slot] === rxcost) return
  state.txcost[slot] = rxcost
  updateCost(state, slot)
}

/** Early feedback for a new neighbour, and a request for its table once it has come up. */
function afterReach(state: MeshState, slot: number, node: number): void {
  const reach = state.reach[slot] as number
  const epoch = state.slotEpoch[slot] as number
  if ((reach & 0xbf00) === 0x8000) state.at(state.roughly(soon(state)), EVENT.extraHello, slot, epoch)
  else {
    const [a, b] = [reach & 0xc000, reach & 0x3000]
    if ((a === 0xc000 && b === 0) || (a === 0 && b === 0x3000)) queueUpdate(state, node, node, false)
  }
  if ((reach & 0xfc00) !== 0xc000) return
  sendIhu(state, slot)
  requestTable(state, slot)
}

function sendIhu(state: MeshState, slot: number): void {
  const rxcost = receiveCost(state, slot)
  deliver(state, slot, (back) => {
    if (state.helloSeen[back] === 1) receiveIhu(state, back, rxcost)
  })
}

/** Asks the neighbour for all its routes, unless it has just sent them. */
function requestTable(state: MeshState, slot: number): void {
  deliver(state, slot, (back) => {
    const rxcost = receiveCost(state, back)
    deliver(state, back, (own) => receiveIhu(state, own, rxcost))
    const since = state.now - (state.lastFull[back] as number)
    if (since >= Math.max(state.profile.helloMs, 1000)) {
      state.lastFull[back] = state.now
      const delay = state.roughly(Math.min(state.profile.helloMs, 4000))
      state.at(delay, EVENT.full, back, -1 - (state.slotEpoch[back] as number))
    }
  })
}

function updateCost(state: MeshState, slot: number): void {
  const cost = linkCost(state, slot)
  const old = state.cost[slot] as number
  if (cost === old) return
  state.cost[slot] = cost
  if (cost === INFINITE || old === INFINITE) state.onLink(slot)
  costChanged(state, slot, old)
}

function linkCost(state: MeshState, slot: number): number {
  const txcost = state.txcost[slot] as number
  const rxcost = receiveCost(state, slot)
  if (state.seenUp[slot] === 0 || txcost >= INFINITE || rxcost >= INFINITE) return INFINITE
  if (state.profile.linkType === 'wired' || (txcost < 256 && rxcost < 256)) return txcost
  const [a, b] = [Math.max(txcost, 256), Math.max(rxcost, 256)]
  return Math.min(INFINITE, (a * b + 128) >> 8)
}

function shiftReach(state: MeshState, slot: number, by: number): void {
  state.reach[slot] = by > 15 ? 0 : (state.reach[slot] as number) >> by
}

function isShaky(reach: number): boolean {
  return (reach & 0xe000) !== 0xe000 && (reach & 0xe000) !== 0
}

/** How soon an answer to a new neighbour leaves. */
function soon(state: MeshState): number {
  return Math.min(1000, state.profile.helloMs / 4)
}
