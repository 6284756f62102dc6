import { EVENT, type MeshState, routeIndex } from './state.ts'

/**
 * Marks `prefix` for announcement on every interface of `node`. Urgent ones leave within some 100 ms, the rest
 * within the hello interval, as babeld paces them.
 */
export function queueUpdate(state: MeshState, node: number, prefix: number, urgent: boolean): void {
  const last = state.wiring.first[node + 1] as number
  for (let slot = state.wiring.first[node] as number; slot < last; slot++) {
    queueOn(state, slot, prefix, urgent)
  }
}

/** `queueUpdate` on one interface. */
export function queueOn(state: MeshState, slot: number, prefix: number, urgent: boolean): void {
  if (state.routed[slot] === 0 || state.seenUp[slot] === 0) return
  const at = routeIndex(state, slot, prefix)
  if (state.isPending[at] === 0) {
    state.isPending[at] = 1
    state.pending[slot]?.push(prefix)
  }
  scheduleFlush(state, slot, urgent)
}

/** Marks the whole table for announcement on one interface. */
export function queueAll(state: MeshState, slot: number): void {
  if (state.routed[slot] === 0 || state.seenUp[slot] === 0) return
  state.pendingAll[slot] = 1
  scheduleFlush(state, slot, false)
}

/** An update that must not get lost: again after 2 s. */
export function queueUpdateTwice(state: MeshState, node: number, prefix: number): void {
  queueUpdate(state, node, prefix, true)
  const epoch = state.epoch[node]
  state.call(state.roughly(2000), () => {
    if (state.epoch[node] === epoch) queueUpdate(state, node, prefix, true)
  })
}

/** Forgets what is marked on an interface. */
export function clearQueue(state: MeshState, slot: number): void {
  for (const prefix of state.pending[slot] as number[]) state.isPending[routeIndex(state, slot, prefix)] = 0
  state.pending[slot] = []
  state.pendingAll[slot] = 0
  state.flushAt[slot] = Number.POSITIVE_INFINITY
}

function scheduleFlush(state: MeshState, slot: number, urgent: boolean): void {
  if (urgent ? (state.flushAt[slot] as number) <= state.now + 125 : state.flushAt[slot] !== Infinity) return
  const at = state.now + state.roughly(Math.min(state.profile.helloMs, urgent ? 100 : 4000))
  if (at >= (state.flushAt[slot] as number)) return
  state.flushAt[slot] = at
  state.heap.push(at, EVENT.flush, slot, state.slotEpoch[slot] as number)
}
