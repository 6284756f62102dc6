/**
 * `waiting` for steps before it, `ready` and waiting for a worker, `running`, `backing-off` before another
 * attempt; then one of the four ends. `skipped`: a step before it did not succeed.
 */
export type StepState =
  | 'waiting'
  | 'ready'
  | 'running'
  | 'backing-off'
  | 'succeeded'
  | 'failed'
  | 'cancelled'
  | 'skipped'

/** Where a step may go from each state. An end has no way out. */
export const STEP_TRANSITIONS: Readonly<Record<StepState, readonly StepState[]>> = Object.freeze({
  waiting: ['ready', 'skipped', 'cancelled'],
  ready: ['running', 'cancelled'],
  running: ['succeeded', 'failed', 'backing-off', 'cancelled'],
  'backing-off': ['ready', 'cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
  skipped: [],
})

export type FinalStepState = 'succeeded' | 'failed' | 'cancelled' | 'skipped'

export function isFinal(state: StepState): state is FinalStepState {
  return STEP_TRANSITIONS[state].length === 0
}

export function canMove(from: StepState, to: StepState): boolean {
  return STEP_TRANSITIONS[from].includes(to)
}
