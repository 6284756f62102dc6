export type ErrorKind =
  | 'invalid-input'
  | 'not-found'
  | 'conflict'
  | 'denied'
  | 'budget-exceeded'
  | 'limit-exceeded'
  | 'timeout'
  | 'cancelled'
  | 'unavailable'
  | 'invariant'

export interface ErrorCodeInfo {
  readonly kind: ErrorKind
  readonly httpStatus: number
  /** Whether the same call may succeed later with nothing changed by the caller. */
  readonly retryable: boolean
  /** What a person can do about it. */
  readonly help: string
}

/** Every code there is. `docs/ERRORS.md` is checked against this table. Codes are never renamed. */
export const ERROR_CODES = {
  INVALID_CONFIGURATION: row('invalid-input', 400, false, 'Correct the named setting.'),
  INVALID_TOPOLOGY: row('invalid-input', 400, false, 'Correct the topology file at the named place.'),
  INVALID_ACTION: row('invalid-input', 400, false, 'Use an action and parameters that exist.'),
  INVALID_INPUT: row('invalid-input', 400, false, 'Correct the named argument.'),
  ACTION_UNSUPPORTED: row('invalid-input', 422, false, 'Ask the driver for capabilities() first.'),

  SWARM_NOT_FOUND: row('not-found', 404, false, 'List the swarms; this one ended or never was.'),
  AGENT_NOT_FOUND: row('not-found', 404, false, "List the swarm's agents; this one is not among them."),
  TASK_NOT_FOUND: row('not-found', 404, false, 'List the tasks; retention may have removed this one.'),
  INCIDENT_NOT_FOUND: row(
    'not-found',
    404,
    false,
    'List the incidents with `meshswarm explain`, suspensions with `meshswarm suspended`.',
  ),
  NODE_NOT_FOUND: row('not-found', 404, false, 'Take a new snapshot; the node is not in the mesh.'),
  LINK_NOT_FOUND: row('not-found', 404, false, 'Take a new snapshot; the link is not in the mesh.'),
  CHANGE_NOT_FOUND: row('not-found', 404, false, 'The change was confirmed, rolled back or never made.'),

  CONFLICT: row('conflict', 409, false, 'Read the present state, then decide again.'),
  IN_DOUBT: row('conflict', 409, false, 'Look whether the step was done, then do it again or leave it.'),
  AUDIT_TAMPERED: row(
    'conflict',
    409,
    false,
    'Keep the file, run `meshswarm audit verify`, and find out who changed it.',
  ),
  SCALING_IN_PROGRESS: row('conflict', 409, true, 'Wait for the running scaling to end.'),

  ACTION_DENIED: row('denied', 403, false, 'Ask a person for the mode, capability or approval it needs.'),
  NOT_ROOT: row('denied', 403, false, 'Run as root, or use the simulated mesh.'),

  BUDGET_EXCEEDED: row('budget-exceeded', 402, false, 'Raise the budget or ask for less.'),
  SWARM_LIMIT_EXCEEDED: row('limit-exceeded', 429, false, 'A swarm holds at most 100 agents.'),
  STEP_LIMIT_EXCEEDED: row('limit-exceeded', 429, true, 'At most 1500 steps are in flight; wait for some.'),

  RATE_LIMITED: row('limit-exceeded', 429, true, 'Wait as long as the other side says, or ask for less.'),

  TIMEOUT: row('timeout', 504, true, 'Try again, or allow more time.'),
  CANCELLED: row('cancelled', 499, false, 'Somebody asked for this to stop.'),

  INSUFFICIENT_RESOURCES: row('unavailable', 503, true, 'Wait for capacity, or add some.'),
  VISION_ANALYSIS_FAILED: row('unavailable', 502, true, 'Check the image and the configured model.'),
  UNAVAILABLE: row('unavailable', 503, true, 'Try again later.'),
  TASK_FAILED: row('unavailable', 502, false, 'See which steps failed with `meshswarm show TASK`.'),
  DAEMON_UNAVAILABLE: row('unavailable', 503, true, 'Check that the routing daemon runs and its socket.'),

  INVARIANT: row('invariant', 500, false, 'A defect in meshswarm: please report it with the details.'),
} as const satisfies Record<string, ErrorCodeInfo>

export type ErrorCode = keyof typeof ERROR_CODES

function row(kind: ErrorKind, httpStatus: number, retryable: boolean, help: string): ErrorCodeInfo {
  return Object.freeze({ kind, httpStatus, retryable, help })
}
