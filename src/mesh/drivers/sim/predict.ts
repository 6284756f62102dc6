import { type NodeId, throwIfCancelled } from '../../../core/index.ts'
import type { MeshAction } from '../../action.ts'
import type { MeshSnapshot } from '../../model.ts'
import type { TwinBelief } from './belief.ts'
import { PROFILES, type ProfileName, type SimProfile } from './profile.ts'
import { recoveryMs } from './recovery.ts'
import { TwinBase, TwinModel } from './twin-model.ts'
import { TwinRoutes } from './twin-routes.ts'

const HEADER_BYTES = 48
/** Less gain than this is none. */
const GAIN = 0.01

export interface TwinPair {
  readonly from: NodeId
  readonly to: NodeId
}

export interface TwinQuestion {
  readonly snapshot: MeshSnapshot
  readonly beliefs: readonly TwinBelief[]
  readonly actions: readonly MeshAction[]
  readonly pairs: readonly TwinPair[]
  /** Payload of the packets asked about. */
  readonly bytes: number
  /** How far ahead. Within it daemons may notice dead links by themselves. 5000 unless told. */
  readonly horizonMs?: number
}

export interface PairPrediction extends TwinPair {
  /** Share of round trips that succeed. */
  readonly before: number
  readonly after: number
  /** Until it is `after`; 0 where nothing changes. */
  readonly afterMs: number
}

export interface TwinPrediction {
  readonly deliveredBefore: number
  readonly deliveredAfter: number
  /** Until every pair that gains has gained; undefined where nothing is gained. */
  readonly healedAfterMs: number | undefined
  readonly pairs: readonly PairPrediction[]
}

/**
 * Predicts what actions would do to the traffic of some pairs. Before: the daemons' present tables, with the
 * believed losses along them. After: shortest paths over what the actions leave, the present next hop kept among
 * equals, with the same losses. No protocol runs: the time is an estimate from the timers, to be compared with
 * those of other remedies rather than with a stop-watch.
 */
export class SimTwin {
  readonly #profile: SimProfile
  readonly #bases = new WeakMap<MeshSnapshot, TwinBase>()

  constructor(options: { readonly profile?: ProfileName | SimProfile } = {}) {
    const profile = options.profile ?? 'default'
    this.#profile = typeof profile === 'string' ? PROFILES[profile] : profile
  }

  /** Rejects only with CANCELLED; pairs that the snapshot does not know deliver nothing. */
  async predict(question: TwinQuestion, signal?: AbortSignal): Promise<TwinPrediction> {
    throwIfCancelled(signal, 'The prediction')
    return this.ask(question)
  }

  ask({ snapshot, beliefs, actions, pairs, bytes, horizonMs = 5000 }: TwinQuestion): TwinPrediction {
    const base = this.#base(snapshot)
    const size = bytes + HEADER_BYTES
    const before = new TwinModel(base, beliefs)
    const after = new TwinModel(base, beliefs)
    for (const action of actions) after.act(action)
    if (horizonMs >= noticeMs(this.#profile)) after.noticeDeadLinks()
    const now = TwinRoutes.present(before)
    const then = TwinRoutes.shortest(after)
    const predicted = pairs.map(({ from, to }): PairPrediction => {
      const [u, v] = [base.wiring.nodeOf.get(from), base.wiring.nodeOf.get(to)]
      if (u === undefined || v === undefined) return { from, to, before: 0, after: 0, afterMs: 0 }
      const old = now.roundTrip(u, v, size)
      const fresh = then.roundTrip(u, v, size)
      const isSame = Math.abs(old.delivered - fresh.delivered) < GAIN
      const afterMs = isSame ? 0 : recoveryMs(this.#profile, actions, fresh.hops)
      return { from, to, before: old.delivered, after: fresh.delivered, afterMs }
    })
    return summary(predicted)
  }

  #base(snapshot: MeshSnapshot): TwinBase {
    const known = this.#bases.get(snapshot)
    if (known !== undefined) return known
    const base = new TwinBase(snapshot)
    this.#bases.set(snapshot, base)
    return base
  }
}

/** When the daemons at both ends of a link that carries nothing have noticed on their own, on average. */
function noticeMs(profile: SimProfile): number {
  return profile.helloMs * 3.5
}

function summary(pairs: readonly PairPrediction[]): TwinPrediction {
  const share = (of: (pair: PairPrediction) => number) =>
    pairs.length === 0 ? 0 : pairs.reduce((sum, pair) => sum + of(pair), 0) / pairs.length
  const gained = pairs.filter(({ before, after }) => after > before + GAIN)
  const deliveredBefore = share(({ before }) => before)
  const deliveredAfter = share(({ after }) => after)
  const isGain = deliveredAfter > deliveredBefore + GAIN
  const healedAfterMs = isGain ? Math.max(...gained.map(({ afterMs }) => afterMs)) : undefined
  return { deliveredBefore, deliveredAfter, healedAfterMs, pairs }
}
