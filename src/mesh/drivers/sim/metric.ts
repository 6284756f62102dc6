import { INFINITE, type MeshState, NOBODY, routeIndex, type SourceEntry } from './state.ts'

const HALF_LIFE_S = 4
/** 2^(-age/half life); beyond the table a metric has settled. */
const DECAY = Float64Array.from({ length: 80 }, (_, age) => 2 ** (-age / HALF_LIFE_S))
/** A source that was not heard of for this long no longer restrains anybody (babeld's 200 s). */
const SOURCE_GC_MS = 200_000

/** Whether seqno `a` is newer than `b`, on the circle of 2^16. */
export function isNewer(a: number, b: number): boolean {
  const distance = (a - b) & 0xffff
  return distance !== 0 && distance < 0x8000
}

export function routeMetric(state: MeshState, slot: number, prefix: number): number {
  const sum = (state.refmetric[routeIndex(state, slot, prefix)] as number) + (state.cost[slot] as number)
  return Math.min(sum, INFINITE)
}

/**
 * The smoothed metric of a route, brought to now: it moves towards `metric` with a half-life of 4 s. It starts
 * high, which is why the best path settles later than the first one.
 */
export function smoothedMetric(state: MeshState, route: number, metric: number): number {
  const old = state.smoothed[route] as number
  const second = Math.floor(state.now / 1000)
  if (old === metric) return metric
  let value = metric
  if (metric < INFINITE) {
    const age = second - (state.smoothedAt[route] as number)
    if (age <= 0) return old
    value = age < DECAY.length ? Math.round(metric + (old - metric) * (DECAY[age] as number)) : metric
    if (Math.abs(value - metric) < 4) value = metric
  }
  state.smoothed[route] = value
  state.smoothedAt[route] = second
  return value
}

/**
 * RFC 8966's feasibility condition: an update may be used when it is a retraction, or newer than anything this
 * node has announced for the source, or strictly better. It is what keeps loops from ever forming.
 */
export function isFeasible(
  state: MeshState,
  node: number,
  prefix: number,
  router: number,
  seqno: number,
  refmetric: number,
): boolean {
  if (refmetric >= INFINITE) return true
  const at = node * state.width + prefix
  if (state.sourceRouter[at] === router) {
    if ((state.sourceAt[at] as number) < state.now - SOURCE_GC_MS) return true
    const known = state.sourceSeqno[at] as number
    return known === seqno ? refmetric < (state.sourceMetric[at] as number) : isNewer(seqno, known)
  }
  const other = otherSource(state, node, prefix, router)
  if (other === undefined || other.at < state.now - SOURCE_GC_MS) return true
  return other.seqno === seqno ? refmetric < other.metric : isNewer(seqno, other.seqno)
}

/** Notes that `node` is about to announce the source at this distance. */
export function noteAnnounced(
  state: MeshState,
  node: number,
  prefix: number,
  router: number,
  seqno: number,
  metric: number,
): void {
  const at = node * state.width + prefix
  const stale = (state.sourceAt[at] as number) < state.now - SOURCE_GC_MS
  if (state.sourceRouter[at] === NOBODY || (stale && state.sourceRouter[at] !== router)) {
    const other = otherSource(state, node, prefix, router)
    if (other !== undefined) state.otherSources[node]?.delete(sourceKey(prefix, router))
    state.sourceRouter[at] = router
    state.sourceSeqno[at] = other?.seqno ?? seqno
    state.sourceMetric[at] = other?.metric ?? metric
  }
  if (state.sourceRouter[at] === router) {
    const known = state.sourceSeqno[at] as number
    if (stale || isNewer(seqno, known)) {
      state.sourceSeqno[at] = seqno
      state.sourceMetric[at] = metric
    } else if (seqno === known && metric < (state.sourceMetric[at] as number)) state.sourceMetric[at] = metric
    state.sourceAt[at] = state.now
    return
  }
  const other = otherSource(state, node, prefix, router)
  if (other === undefined) {
    state.otherSources[node]?.set(sourceKey(prefix, router), { seqno, metric, at: state.now })
    return
  }
  if (other.at < state.now - SOURCE_GC_MS || isNewer(seqno, other.seqno)) {
    other.seqno = seqno
    other.metric = metric
  } else if (seqno === other.seqno && metric < other.metric) other.metric = metric
  other.at = state.now
}

/** Newest seqno that `node` has announced for the source, `fallback` where it has announced none. */
export function knownSeqno(
  state: MeshState,
  node: number,
  prefix: number,
  router: number,
  fallback: number,
): number {
  const at = node * state.width + prefix
  if (state.sourceRouter[at] === router) return state.sourceSeqno[at] as number
  return otherSource(state, node, prefix, router)?.seqno ?? fallback
}

function otherSource(
  state: MeshState,
  node: number,
  prefix: number,
  router: number,
): SourceEntry | undefined {
  const others = state.otherSources[node] as Map<number, SourceEntry>
  return others.size === 0 ? undefined : others.get(sourceKey(prefix, router))
}

function sourceKey(prefix: number, router: number): number {
  return prefix * 65536 + router
}
