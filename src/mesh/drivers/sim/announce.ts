import { clearQueue } from './queue.ts'
import { receiveUpdate } from './selection.ts'
import { EVENT, type MeshState, NO_ROUTE, RUNNING } from './state.ts'
import { repeat, transfer } from './transfer.ts'
import { LOST, PLAIN_MS } from './world.ts'

/** Updates that fit one packet, and what each is worth in bytes. */
const PER_PACKET = 50
const UPDATE_BYTES = 24

/** Announces what is marked on an interface; a stale timer does nothing. */
export function flushUpdates(state: MeshState, slot: number): void {
  if (state.flushAt[slot] !== state.now) return
  const all = state.pendingAll[slot] === 1
  const prefixes = inOrder(state, slot)
  clearQueue(state, slot)
  if (all) announceAll(state, slot)
  else announce(state, slot, prefixes, prefixes.length)
}

/** What is marked on an interface, by prefix: the order that babeld sends in, and kind to the caches. */
function inOrder(state: MeshState, slot: number): number[] {
  const marked = state.pending[slot] as number[]
  if (marked.length * 16 < state.width) return marked.sort((a, b) => a - b)
  let count = 0
  let at = state.rowBase[slot] as number
  const stride = state.stride[slot] as number
  for (let prefix = 0; prefix < state.width; prefix++, at += stride) {
    if (state.isPending[at] === 1) marked[count++] = prefix
  }
  return marked
}

/** The whole table on one interface, and the timer for the next time. */
export function announcePeriodically(state: MeshState, slot: number): void {
  announceAll(state, slot)
  const epoch = state.slotEpoch[slot] as number
  state.at(state.roughly(state.profile.updateMs), EVENT.full, slot, epoch)
}

/** The whole table on one interface. */
export function announceAll(state: MeshState, slot: number): void {
  const { installed, version, width, wiring, world } = state
  const [node, peer] = [wiring.owner[slot] as number, wiring.peer[slot] as number]
  state.lastFull[slot] = state.now
  const isSame = state.quietSender[slot] === version[node] && state.quietReceiver[slot] === version[peer]
  if (isSame && world.isPlain(slot) && isListening(state, slot)) {
    repeat(state, slot)
    return
  }
  const base = node * width
  if (table.length < width) table = new Int32Array(width)
  let count = 0
  for (let prefix = 0; prefix < width; prefix++) {
    if (installed[base + prefix] !== NO_ROUTE || state.originates(node, prefix)) table[count++] = prefix
  }
  const isQuiet = announce(state, slot, table, count)
  state.quietSender[slot] = isQuiet ? (version[node] as number) : -1
  state.quietReceiver[slot] = isQuiet ? (version[peer] as number) : -1
}

/** The prefixes that are being announced: never more than one table at a time. */
let table = new Int32Array(0)

/** True where everything arrived and nothing came of it. */
function announce(state: MeshState, slot: number, prefixes: ArrayLike<number>, count: number): boolean {
  let isQuiet = true
  for (let start = 0; start < count; start += PER_PACKET) {
    const end = Math.min(count, start + PER_PACKET)
    const delay = state.world.transmit(slot, 60 + (end - start) * UPDATE_BYTES, state.now)
    if (delay > PLAIN_MS) {
      sendLater(state, slot, prefixes, start, end, delay)
      isQuiet = false
      continue
    }
    // What is lost was announced all the same: the sender cannot know.
    const isHeard = delay !== LOST && isListening(state, slot)
    isQuiet = transfer(state, slot, prefixes, start, end, isHeard ? receiveUpdate : undefined) && isQuiet
  }
  return isQuiet
}

function isListening(state: MeshState, slot: number): boolean {
  const back = state.wiring.rev[slot] as number
  const node = state.wiring.peer[slot] as number
  return state.daemon[node] === RUNNING && state.routed[back] === 1 && state.seenUp[back] === 1
}

/** A slow link: what the packet says is fixed when it leaves. */
function sendLater(
  state: MeshState,
  slot: number,
  prefixes: ArrayLike<number>,
  start: number,
  end: number,
  delay: number,
): void {
  const calls: (() => void)[] = []
  transfer(state, slot, prefixes, start, end, (...update) => calls.push(() => receiveUpdate(...update)))
  state.call(delay, () => {
    if (isListening(state, slot)) for (const call of calls) call()
  })
}
