import { noteAnnounced, routeMetric } from './metric.ts'
import { refresh } from './selection.ts'
import { INFINITE, type MeshState, NO_ROUTE, NOBODY, routeIndex } from './state.ts'

/** What is done with one update at its receiver. */
export type Receive = (
  state: MeshState,
  node: number,
  slot: number,
  prefix: number,
  router: number,
  seqno: number,
  refmetric: number,
) => void

/**
 * Announces `prefixes[start]` to `prefixes[end - 1]` from the owner of `slot` to its neighbour, where `receive`
 * takes each; nobody does where it is undefined. True when nothing came of it. The loop that the whole simulation spends its time in: an update that says nothing new, and whose
 * route cannot replace the installed one, costs a few reads and nothing else.
 */
export function transfer(
  state: MeshState,
  slot: number,
  prefixes: ArrayLike<number>,
  start: number,
  end: number,
  receive: Receive | undefined,
): boolean {
  const { cost, installed, now, refmetric, routeAt, routeRouter, routeSeqno, smoothed, width } = state
  const { sourceAt, sourceMetric, sourceRouter, sourceSeqno } = state
  const [sender, receiver] = [state.wiring.owner[slot] as number, state.wiring.peer[slot] as number]
  const back = state.wiring.rev[slot] as number
  const [senderBase, receiverBase] = [sender * width, receiver * width]
  const [backBase, backStride] = [state.rowBase[back] as number, state.stride[back] as number]
  const backCost = cost[back] as number
  const receiverId = state.routerId[receiver] as number
  const isWired = state.profile.linkType === 'wired'
  let isQuiet = receive !== undefined
  for (let i = start; i < end; i++) {
    const prefix = prefixes[i] as number
    const at = senderBase + prefix
    const from = installed[at] as number
    let router = NOBODY
    let seqno = 0
    let metric = INFINITE
    if (from >= 0) {
      if (from === slot && isWired) continue
      const route = routeIndex(state, from, prefix)
      router = routeRouter[route] as number
      seqno = routeSeqno[route] as number
      metric = routeMetric(state, from, prefix)
    } else if (state.originates(sender, prefix)) {
      router = state.routerId[sender] as number
      seqno = state.seqno[sender] as number
      metric = 0
    }
    if (metric < INFINITE) {
      const isKnown =
        sourceRouter[at] === router &&
        sourceSeqno[at] === seqno &&
        (sourceMetric[at] as number) <= metric &&
        (sourceAt[at] as number) > now - FRESH_MS
      if (isKnown) sourceAt[at] = now
      else {
        noteAnnounced(state, sender, prefix, router, seqno, metric)
        isQuiet = false
      }
    }
    if (receive === undefined || router === receiverId) continue
    const route = backBase + prefix * backStride
    const isNews = routeRouter[route] !== router || routeSeqno[route] !== seqno || refmetric[route] !== metric
    if (isNews || metric >= INFINITE) {
      receive(state, receiver, back, prefix, router, seqno, metric)
      isQuiet = false
      continue
    }
    routeAt[route] = now
    const own = installed[receiverBase + prefix] as number
    const through = metric + backCost
    const isSettled = smoothed[route] === through
    // Settled and in use, or no better than what is in use: nothing can come of it.
    if (own === back && isSettled) continue
    if (own !== back && own !== NO_ROUTE) {
      const ownRoute = routeIndex(state, own, prefix)
      const ownMetric = (refmetric[ownRoute] as number) + (cost[own] as number)
      if (ownMetric < through) continue
      if (isSettled && ownMetric === through && smoothed[ownRoute] === ownMetric) continue
    }
    refresh(state, receiver, back, prefix)
    isQuiet = false
  }
  return isQuiet
}

/** A full update that is known to say nothing new: it only tells that everything is still so. */
export function repeat(state: MeshState, slot: number): void {
  const { installed, now, routeAt, sourceAt, width } = state
  const sender = state.wiring.owner[slot] as number
  const back = state.wiring.rev[slot] as number
  const [base, backStride] = [sender * width, state.stride[back] as number]
  const isWired = state.profile.linkType === 'wired'
  let route = state.rowBase[back] as number
  for (let prefix = 0; prefix < width; prefix++, route += backStride) {
    const from = installed[base + prefix] as number
    if (from === NO_ROUTE ? !state.originates(sender, prefix) : from === slot && isWired) continue
    sourceAt[base + prefix] = now
    routeAt[route] = now
  }
}

/** A source noted longer ago may be stale, and is looked at more closely. */
const FRESH_MS = 100_000
