import { announceAll, announcePeriodically, flushUpdates } from './announce.ts'
import { checkNeighbours, deliver, forgetNeighbour, sendHello } from './neighbour.ts'
import { clearQueue, queueAll } from './queue.ts'
import { expireRoutes } from './selection.ts'
import { DEAD, EVENT, INFINITE, type MeshState, NO_ROUTE, NOBODY, RUNNING, STOPPED } from './state.ts'

const EXPIRE_MS = 30_000

/** Does the event that the heap has just given out. Events of an earlier life of a daemon do nothing. */
export function handleEvent(state: MeshState): void {
  const { kind, a, b } = state.heap
  switch (kind) {
    case EVENT.hello:
      if (!isCurrent(state, a, b)) return
      sendHello(state, a)
      state.at(state.roughly(state.profile.helloMs), EVENT.hello, a, b)
      return
    case EVENT.extraHello:
      if (isCurrent(state, a, b)) sendHello(state, a)
      return
    case EVENT.full:
      if (isCurrent(state, a, b < 0 ? -1 - b : b)) (b < 0 ? announceAll : announcePeriodically)(state, a)
      return
    case EVENT.flush:
      if (isCurrent(state, a, b)) flushUpdates(state, a)
      return
    case EVENT.check:
      if (state.epoch[a] === b && state.daemon[a] === RUNNING) checkNeighbours(state, a)
      return
    case EVENT.expire:
      if (state.epoch[a] !== b || state.daemon[a] !== RUNNING) return
      expireRoutes(state, a)
      state.at(state.roughly(EXPIRE_MS), EVENT.expire, a, b)
      return
    case EVENT.link:
      if (state.daemon[state.wiring.owner[a] as number] === RUNNING) noticeInterface(state, a)
      return
    case EVENT.call: {
      const fn = state.calls.get(a)
      state.calls.delete(a)
      fn?.()
    }
  }
}

/** Starts a daemon with a new router id and empty tables; what an earlier one left in the kernel goes. */
export function startDaemon(state: MeshState, node: number): void {
  bumpEpochs(state, node)
  clearTables(state, node)
  state.touch(node)
  for (let prefix = 0; prefix < state.width; prefix++) state.setKernel(node, prefix, NO_ROUTE)
  state.daemon[node] = RUNNING
  state.routerId[node] = state.newRouterId(node)
  state.seqno[node] = state.random.int(65536)
  for (const slot of slotsOf(state, node)) {
    state.seenUp[slot] = isUsable(state, slot) ? 1 : 0
    if (state.routed[slot] === 1 && state.seenUp[slot] === 1) openInterface(state, slot)
  }
  scheduleNode(state, node)
}

/** Ends the process without a word. The kernel's table stays as it is. */
export function killDaemon(state: MeshState, node: number): void {
  bumpEpochs(state, node)
  state.daemon[node] = DEAD
}

/** Suspends the process: it neither hears nor says anything, and its tables stay. */
export function suspendDaemon(state: MeshState, node: number): void {
  if (state.daemon[node] !== RUNNING) return
  bumpEpochs(state, node)
  state.daemon[node] = STOPPED
}

/** A suspended process goes on. Its timers are overdue, its neighbours have to get to know it again. */
export function resumeDaemon(state: MeshState, node: number): void {
  if (state.daemon[node] !== STOPPED) return
  bumpEpochs(state, node)
  state.daemon[node] = RUNNING
  for (const slot of slotsOf(state, node)) {
    clearQueue(state, slot)
    // What the socket's buffer holds is read first: the neighbours seem never to have been away.
    if (state.helloSeen[slot] === 1) state.hellosFrom[slot] = state.ihuAt[slot] = state.now
    if ((state.seenUp[slot] === 1) !== isUsable(state, slot)) noticeInterface(state, slot)
    else if (state.routed[slot] === 1 && state.seenUp[slot] === 1) scheduleSlot(state, slot)
  }
  scheduleNode(state, node)
}

/** Takes the interface out of the daemon. The neighbour is not told. */
export function dropInterface(state: MeshState, slot: number): void {
  if (state.routed[slot] === 0) return
  if (state.daemon[state.wiring.owner[slot] as number] === RUNNING) closeInterface(state, slot)
  state.routed[slot] = 0
}

/** Gives the interface to the daemon with this receive cost; one that has it already is flushed first. */
export function addInterface(state: MeshState, slot: number, rxcost: number): void {
  dropInterface(state, slot)
  state.routed[slot] = 1
  state.rxcost[slot] = rxcost
  const isRunning = state.daemon[state.wiring.owner[slot] as number] === RUNNING
  if (isRunning && state.seenUp[slot] === 1) openInterface(state, slot)
}

/** An interface or its carrier changed. The kernel drops routes at once; daemons notice in their own time. */
export function interfaceChanged(state: MeshState, slot: number): void {
  const isUp = state.world.ifaceUp[slot] === 1
  const node = state.wiring.owner[slot] as number
  if (!isUp) {
    for (let prefix = 0; prefix < state.width; prefix++) {
      if (state.kernel[node * state.width + prefix] === slot) state.setKernel(node, prefix, NO_ROUTE)
    }
  }
  const { helloMs, linkDetect } = state.profile
  state.at(300 + helloMs * (0.7 + 0.3 * state.random.next()), EVENT.link, slot, 0)
  if (!linkDetect) return
  const back = state.wiring.rev[slot] as number
  state.at(300 + helloMs * (0.7 + 0.3 * state.random.next()), EVENT.link, back, 0)
}

/** The timers of one interface, from a random phase or from right now. */
export function scheduleSlot(state: MeshState, slot: number, spread = false): void {
  const epoch = state.slotEpoch[slot] as number
  const { helloMs, updateMs } = state.profile
  const phase = spread ? state.random.next() : 0
  // The first hello waits in the interface's buffer like any other packet.
  const first = 250 + state.roughly(Math.min(helloMs, 4000) / 4)
  state.at(spread ? phase * helloMs : first, EVENT.hello, slot, epoch)
  state.at(spread ? phase * updateMs : state.roughly(updateMs), EVENT.full, slot, epoch)
}

/** The timers of a daemon that belong to no interface. */
export function scheduleNode(state: MeshState, node: number): void {
  const epoch = state.epoch[node] as number
  state.at(state.roughly(state.profile.helloMs * 1.5), EVENT.check, node, epoch)
  state.at(state.random.next() * EXPIRE_MS, EVENT.expire, node, epoch)
}

/** The slots of a node. */
export function slotsOf(state: MeshState, node: number): number[] {
  const from = state.wiring.first[node] as number
  return Array.from({ length: (state.wiring.first[node + 1] as number) - from }, (_, i) => from + i)
}

/** A daemon that is shut down in order says so: its neighbours drop it at once. */
export function shutDaemon(state: MeshState, node: number): void {
  for (const slot of slotsOf(state, node)) {
    if (state.routed[slot] === 1) deliver(state, slot, (back) => forgetNeighbour(state, back))
  }
  killDaemon(state, node)
}

function noticeInterface(state: MeshState, slot: number): void {
  const isUp = isUsable(state, slot)
  if (isUp === (state.seenUp[slot] === 1)) return
  if (!isUp && state.routed[slot] === 1) closeInterface(state, slot)
  state.seenUp[slot] = isUp ? 1 : 0
  if (isUp && state.routed[slot] === 1) openInterface(state, slot)
}

function isUsable(state: MeshState, slot: number): boolean {
  return state.profile.linkDetect ? state.world.carrier(slot) : state.world.ifaceUp[slot] === 1
}

function openInterface(state: MeshState, slot: number): void {
  state.slotEpoch[slot] = (state.slotEpoch[slot] as number) + 1
  state.sendSeqno[slot] = state.random.int(65536)
  scheduleSlot(state, slot)
  queueAll(state, slot)
}

function closeInterface(state: MeshState, slot: number): void {
  state.slotEpoch[slot] = (state.slotEpoch[slot] as number) + 1
  clearQueue(state, slot)
  forgetNeighbour(state, slot)
}

function isCurrent(state: MeshState, slot: number, epoch: number): boolean {
  return state.slotEpoch[slot] === epoch && state.daemon[state.wiring.owner[slot] as number] === RUNNING
}

function bumpEpochs(state: MeshState, node: number): void {
  state.epoch[node] = (state.epoch[node] as number) + 1
  for (const slot of slotsOf(state, node)) {
    state.slotEpoch[slot] = (state.slotEpoch[slot] as number) + 1
    clearQueue(state, slot)
  }
}

function clearTables(state: MeshState, node: number): void {
  const { width } = state
  state.requests[node]?.clear()
  state.asked[node]?.clear()
  state.otherSources[node]?.clear()
  state.installed.fill(NO_ROUTE, node * width, (node + 1) * width)
  state.sourceRouter.fill(NOBODY, node * width, (node + 1) * width)
  const [from, to] = [state.wiring.first[node] as number, state.wiring.first[node + 1] as number]
  state.refmetric.fill(INFINITE, from * width, to * width)
  state.routeRouter.fill(NOBODY, from * width, to * width)
  for (const slot of slotsOf(state, node)) {
    state.reach[slot] = state.helloSeen[slot] = 0
    state.txcost[slot] = state.cost[slot] = INFINITE
  }
}
