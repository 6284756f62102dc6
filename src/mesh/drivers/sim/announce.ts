import { noteAnnounced, routeMetric } from './metric.ts'
import { NEGLIGIBLE_MS } from './neighbour.ts'
import { clearQueue } from './queue.ts'
import { receiveUpdate } from './selection.ts'
import { EVENT, INFINITE, type MeshState, NO_ROUTE, NOBODY, RUNNING } from './state.ts'
import { LOST } from './world.ts'

/** Updates that fit one packet, and what each is worth in bytes. */
const PER_PACKET = 50
const UPDATE_BYTES = 24

/** Announces what is marked on an interface; a stale timer does nothing. */
export function flushUpdates(state: MeshState, slot: number): void {
  if (state.flushAt[slot] !== state.now) return
  const all = state.pendingAll[slot] === 1
  const prefixes = state.pending[slot] as number[]
  clearQueue(state, slot)
  if (all) announceAll(state, slot)
  else announce(state, slot, prefixes)
}

/** The whole table on one interface, and the timer for the next time. */
export function announcePeriodically(state: MeshState, slot: number): void {
  announceAll(state, slot)
  const epoch = state.slotEpoch[slot] as number
  state.at(state.roughly(state.profile.updateMs), EVENT.full, slot, epoch)
}

/** The whole table on one interface. */
export function announceAll(state: MeshState, slot: number): void {
  const node = state.wiring.owner[slot] as number
  state.lastFull[slot] = state.now
  const table: number[] = []
  for (let prefix = 0; prefix < state.width; prefix++) {
    const isRoute = state.installed[node * state.width + prefix] !== NO_ROUTE
    if (isRoute || state.originates(node, prefix)) table.push(prefix)
  }
  announce(state, slot, table)
}

function announce(state: MeshState, slot: number, prefixes: readonly number[]): void {
  for (let start = 0; start < prefixes.length; start += PER_PACKET) {
    const end = Math.min(prefixes.length, start + PER_PACKET)
    const delay = state.world.transmit(slot, 60 + (end - start) * UPDATE_BYTES, state.now)
    if (delay !== LOST && delay <= NEGLIGIBLE_MS) sendPacket(state, slot, prefixes, start, end, isListening)
    else if (delay !== LOST) sendLater(state, slot, prefixes.slice(start, end), delay)
    // What is lost was announced all the same: the sender cannot know.
    else sendPacket(state, slot, prefixes, start, end, isDeaf)
  }
}

function isListening(state: MeshState, slot: number): boolean {
  const back = state.wiring.rev[slot] as number
  const node = state.wiring.peer[slot] as number
  return state.daemon[node] === RUNNING && state.routed[back] === 1 && state.seenUp[back] === 1
}

function isDeaf(): boolean {
  return false
}

function sendPacket(
  state: MeshState,
  slot: number,
  prefixes: readonly number[],
  start: number,
  end: number,
  isHeard: (state: MeshState, slot: number) => boolean,
): void {
  const node = state.wiring.peer[slot] as number
  const back = state.wiring.rev[slot] as number
  const heard = isHeard(state, slot)
  for (let i = start; i < end; i++) {
    const prefix = prefixes[i] as number
    if (!describe(state, slot, prefix) || !heard) continue
    receiveUpdate(state, node, back, prefix, said.router, said.seqno, said.metric)
  }
}

/** A slow link: what the packet says is fixed when it leaves. */
function sendLater(state: MeshState, slot: number, prefixes: readonly number[], delay: number): void {
  const node = state.wiring.peer[slot] as number
  const back = state.wiring.rev[slot] as number
  const entries: { prefix: number; router: number; seqno: number; metric: number }[] = []
  for (const prefix of prefixes) if (describe(state, slot, prefix)) entries.push({ prefix, ...said })
  state.call(delay, () => {
    if (!isListening(state, slot)) return
    for (const { prefix, router, seqno, metric } of entries) {
      receiveUpdate(state, node, back, prefix, router, seqno, metric)
    }
  })
}

/** The update that `describe` made last. */
const said = { router: NOBODY, seqno: 0, metric: INFINITE }

/** What the owner of the slot says about a prefix there; false for nothing at all (split horizon). */
function describe(state: MeshState, slot: number, prefix: number): boolean {
  const node = state.wiring.owner[slot] as number
  if (state.originates(node, prefix)) {
    said.router = state.routerId[node] as number
    said.seqno = state.seqno[node] as number
    said.metric = 0
    noteAnnounced(state, node, prefix, said.router, said.seqno, 0)
    return true
  }
  const installed = state.installed[node * state.width + prefix] as number
  if (installed === NO_ROUTE) {
    said.router = NOBODY
    said.metric = INFINITE
    return true
  }
  if (installed === slot && state.profile.linkType === 'wired') return false
  const route = installed * state.width + prefix
  said.router = state.routeRouter[route] as number
  said.seqno = state.routeSeqno[route] as number
  said.metric = routeMetric(state, installed, prefix)
  if (said.metric < INFINITE) noteAnnounced(state, node, prefix, said.router, said.seqno, said.metric)
  return true
}
