import type { NodeId } from '../../core/index.ts'
import type { MeshSnapshot } from '../../mesh/index.ts'
import type { HealthBook } from '../health/health-book.ts'
import { lossEvidence } from '../health/loss-window.ts'
import type { PairHealth } from '../health/pair-health.ts'
import type { MapekOptions } from '../options.ts'
import type { Symptom } from './symptom.ts'

type TransitLoss = Extract<Symptom, { kind: 'transit-loss' }>

interface Tally {
  sent: number
  lost: number
  lossyTicks: number
  recentSent: number
  recentLost: number
  onset: number
  readonly pairs: PairHealth[]
}

const HEALTHY = new Set(['healthy', 'unknown'])
/** Pairs that lose less than this do not speak against the nodes on their way. */
const CLEAN_SHARE = 0.05
/** Nothing to speak of gets through: no side effect of routes that move, and no link that has been lucky. */
export const TOTAL_SHARE = 0.9
const RECENT_TICKS = 5
/** Shares as near as this are equal. */
const EQUAL_SHARE = 0.1

/**
 * Nodes that lose packets in transit while the links on the way are fine: the greedy explanation. The node with
 * the highest loss over the pairs through it is taken first, the pairs it explains are set aside, and so on.
 */
export function detectTransit(
  snapshot: MeshSnapshot,
  book: HealthBook,
  options: MapekOptions,
  now: number,
): TransitLoss[] {
  const badHop = badHops(snapshot, book, options)
  const isSettled = (node: NodeId) => {
    const daemon = book.daemon(node)
    return !daemon || (daemon.state === 'running' && now - daemon.since >= options.daemonSettleMs)
  }
  let pairs = [...book.pairs()].filter((pair) => usable(pair, badHop, isSettled))
  const found: TransitLoss[] = []
  for (;;) {
    const worst = worstTransit(pairs, options)
    if (!worst) return found
    found.push(worst)
    pairs = pairs.filter((pair) => !pair.transits.includes(worst.node))
  }
}

/**
 * Evidence comes from the whole window, blame from its newest rounds: a window that reaches back before the fault
 * dilutes the loss, and not for all pairs alike. Between equals the node that explains more losses is to blame.
 */
function worstTransit(pairs: readonly PairHealth[], options: MapekOptions): TransitLoss | undefined {
  let worst: { node: NodeId; share: number; tally: Tally } | undefined
  for (const [node, tally] of tallies(pairs, options)) {
    const evidence = lossEvidence(tally, options.healthyLoss, options.badLoss)
    const share = tally.recentSent === 0 ? 0 : tally.recentLost / tally.recentSent
    // A share may be lost on a link that has been lucky so far: the node is not blamed before the link could be.
    const ticks = share >= TOTAL_SHARE ? options.transitLossyTicks : options.lossyTicks
    if (evidence < options.lossEvidence || tally.lossyTicks < ticks) continue
    if (share < options.badLoss / 2) continue
    const margin = worst === undefined ? Number.POSITIVE_INFINITY : share - worst.share
    const equal = Math.abs(margin) <= EQUAL_SHARE && tally.recentLost > (worst?.tally.recentLost ?? 0)
    if (margin > EQUAL_SHARE || equal) worst = { node, share, tally }
  }
  if (!worst) return undefined
  const losing = worst.tally.pairs.filter((pair) => pair.window.totals().lost > 0)
  return {
    kind: 'transit-loss',
    key: `transit:${worst.node}`,
    node: worst.node,
    onset: worst.tally.onset,
    lossRate: worst.share,
    pairs: losing.map(({ from, to }) => ({ from, to })),
  }
}

function tallies(pairs: readonly PairHealth[], options: MapekOptions): Map<NodeId, Tally> {
  const byNode = new Map<NodeId, Tally>()
  for (const pair of pairs) {
    const { sent, lost, lossyTicks } = pair.window.totals()
    if (sent === 0) continue
    const recent = pair.window.totals(RECENT_TICKS)
    for (const node of pair.transits) {
      const tally = byNode.get(node) ?? {
        sent: 0,
        lost: 0,
        lossyTicks: 0,
        recentSent: 0,
        recentLost: 0,
        onset: Number.POSITIVE_INFINITY,
        pairs: [],
      }
      tally.sent += sent
      tally.lost += lost
      tally.recentSent += recent.sent
      tally.recentLost += recent.lost
      tally.lossyTicks = Math.max(tally.lossyTicks, lossyTicks)
      if (lost / sent > CLEAN_SHARE) {
        const since = pair.window.deadSince ?? pair.pathSince + options.pathSettleMs
        tally.onset = Math.min(tally.onset, since)
      }
      tally.pairs.push(pair)
      byNode.set(node, tally)
    }
  }
  return byNode
}

/** Only pairs whose links are fine and whose daemons have settled can speak about the nodes between. */
function usable(
  pair: PairHealth,
  badHop: ReadonlySet<string>,
  isSettled: (node: NodeId) => boolean,
): boolean {
  const { path } = pair
  if (!path || path.length < 3) return false
  for (let hop = 1; hop < path.length; hop += 1) if (badHop.has(`${path[hop - 1]}>${path[hop]}`)) return false
  return path.every(isSettled)
}

function badHops(snapshot: MeshSnapshot, book: HealthBook, options: MapekOptions): Set<string> {
  const bad = new Set<string>()
  for (const link of snapshot.links.values()) {
    for (const direction of book.both(link)) {
      if (!HEALTHY.has(direction.verdict(options))) bad.add(`${direction.from}>${direction.to}`)
    }
  }
  return bad
}
