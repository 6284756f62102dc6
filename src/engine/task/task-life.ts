import type { RunOutcome } from '../graph-report.ts'

/** `unfinished`: somebody leads it now, or it waits for somebody who does. */
export type TaskLife = RunOutcome | 'unfinished'

/** Where a task may go from each state. An end has no way out: it is stored once. */
export const TASK_TRANSITIONS: Readonly<Record<TaskLife, readonly TaskLife[]>> = Object.freeze({
  unfinished: ['succeeded', 'partial', 'failed', 'cancelled'],
  succeeded: [],
  partial: [],
  failed: [],
  cancelled: [],
})
