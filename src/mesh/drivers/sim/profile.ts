/** Timers and costs of the routing daemons. Times in ms. */
export interface SimProfile {
  readonly helloMs: number
  /** Interval of full updates. */
  readonly updateMs: number
  /** A route that no update confirmed for this long is retracted (RFC 8966, 3.5 update intervals). */
  readonly holdMs: number
  /** Whether a daemon watches the carrier (`-l`); the administrative state it always watches. */
  readonly linkDetect: boolean
  /** `wired`: two out of three hellos. `wireless`: expected transmissions from the reach history (ETX). */
  readonly linkType: 'wired' | 'wireless'
  /** Receive cost that an interface announces unless configured. */
  readonly rxcost: number
}

export type ProfileName = 'default' | 'tuned' | 'wireless' | 'wireless-tuned'

function profile(helloMs: number, linkDetect: boolean, linkType: SimProfile['linkType']): SimProfile {
  const updateMs = helloMs * 4
  const rxcost = linkType === 'wired' ? 96 : 256
  return Object.freeze({ helloMs, updateMs, holdMs: updateMs * 3.5, linkDetect, linkType, rxcost })
}

/** babeld's defaults, and the timers that meshswarm's lab calls tuned. */
export const PROFILES: Readonly<Record<ProfileName, SimProfile>> = Object.freeze({
  default: profile(4000, false, 'wired'),
  tuned: profile(1000, true, 'wired'),
  wireless: profile(4000, false, 'wireless'),
  'wireless-tuned': profile(1000, true, 'wireless'),
})
