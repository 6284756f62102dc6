/**
 * `active`: its agents take tasks; `paused`: they end what they are at and take nothing new; `terminating`: the last
 * tasks are being stopped.
 */
export type SwarmState = 'active' | 'paused' | 'terminating' | 'terminated'

/** Where a swarm may go from each state. Nothing leads back from `terminated`. */
export const SWARM_TRANSITIONS: Readonly<Record<SwarmState, readonly SwarmState[]>> = Object.freeze({
  active: ['paused', 'terminating'],
  paused: ['active', 'terminating'],
  terminating: ['terminated'],
  terminated: [],
})
