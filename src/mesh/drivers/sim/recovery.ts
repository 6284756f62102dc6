import type { ActionKind, MeshAction } from '../../action.ts'
import type { SimProfile } from './profile.ts'

/** A triggered update takes about this long for each hop. */
const HOP_MS = 110
const LOCAL_MS = 50

/**
 * Roughly how long until traffic flows after these actions: what has to happen in the protocol first (hellos
 * both ways, a new process), then triggered updates along the way.
 */
export function recoveryMs(profile: SimProfile, actions: readonly MeshAction[], hops: number): number {
  const first = actions.reduce((longest, { kind }) => Math.max(longest, before(profile, kind)), 0)
  const spreads = actions.some(({ kind }) => !IN_PLACE.has(kind))
  return Math.round(LOCAL_MS + first + (spreads ? HOP_MS * hops : 0))
}

/** These mend the way that packets already take. */
const IN_PLACE: ReadonlySet<ActionKind> = new Set(['set-forwarding', 'set-interface-mtu'])

function before({ helloMs }: SimProfile, kind: ActionKind): number {
  switch (kind) {
    case 'set-forwarding':
    case 'set-interface-mtu':
    case 'renew-routes':
    case 'withdraw-prefix':
    case 'announce-prefix':
      return 0
    // Routes through the interface are lost at once; where no neighbour is feasible, a request goes out first.
    case 'set-link-cost':
    case 'drop-interface':
      return Math.min(helloMs, 1000)
    case 'add-interface':
    case 'set-interface-up':
    case 'resume-daemon':
      return helloMs * 1.5
    case 'restart-daemon':
      return 500 + helloMs * 1.5
  }
}
