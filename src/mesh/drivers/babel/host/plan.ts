import { meshSwarmError } from '../../../../core/index.ts'
import type { MeshAction } from '../../../action.ts'
import { interfaceOptions } from './interface-options.ts'
import type { NodePlace } from './node-place.ts'
import { adminUp, announcements, checkInterface, forwarding, isAnnounced, mtu } from './node-reads.ts'
import type { Step } from './step.ts'

export interface ActionPlan {
  readonly apply: readonly Step[]
  /** What restores the state that was read before; empty where there is nothing to undo. */
  readonly undo: readonly Step[]
}

const NOTHING: ActionPlan = { apply: [], undo: [] }

/**
 * Turns an action into steps and their inverse. Reads the node first: an action whose end is there already is
 * planned as nothing, so that its undo takes nothing away. `withdrawn` is what an earlier withdrawal of the same
 * prefix kept for its inverse.
 */
export async function planAction(
  action: MeshAction,
  place: NodePlace,
  withdrawn: readonly Step[] | undefined,
): Promise<ActionPlan> {
  if ('iface' in action) await checkInterface(place, action.iface)
  switch (action.kind) {
    case 'restart-daemon':
      return action.rxcost === undefined
        ? { apply: [{ do: 'restart-daemon' }], undo: [] }
        : { apply: [{ do: 'restart-daemon', rxcost: action.rxcost }], undo: [{ do: 'restart-daemon' }] }
    case 'resume-daemon':
      return { apply: [{ do: 'resume-daemon' }], undo: [] }
    case 'renew-routes':
      return { apply: [{ do: 'renew-routes' }], undo: [] }
    case 'set-link-cost':
      return {
        apply: withCost(place, action.iface, action.rxcost),
        undo: withCost(place, action.iface, action.previous),
      }
    case 'drop-interface':
      return { apply: without(action.iface), undo: withCost(place, action.iface, action.rxcost) }
    case 'add-interface':
      return { apply: withCost(place, action.iface, action.rxcost), undo: without(action.iface) }
    case 'set-interface-up':
      if ((await adminUp(place, action.iface)) === action.up) return NOTHING
      return { apply: [linkUp(action.iface, action.up)], undo: [linkUp(action.iface, !action.up)] }
    case 'set-interface-mtu': {
      const before = await mtu(place, action.iface)
      if (before === action.mtu) return NOTHING
      return { apply: [setMtu(action.iface, action.mtu)], undo: [setMtu(action.iface, before)] }
    }
    case 'set-forwarding':
      return planForwarding(place, action.enabled)
    case 'withdraw-prefix': {
      const found = await announcements(place, action.prefix)
      if (found.length === 0) throw notAnnounced(place, action.prefix)
      return {
        apply: found.map(({ remove }) => ({ do: 'run', argv: [...remove] })),
        undo: found.map(({ restore }) => ({ do: 'run', argv: [...restore] })),
      }
    }
    case 'announce-prefix': {
      if (await isAnnounced(place, action.prefix)) return NOTHING
      const add: Step = { do: 'run', argv: ['ip', 'addr', 'add', action.prefix, 'dev', 'lo'] }
      const remove: Step = { do: 'run', argv: ['ip', 'addr', 'del', action.prefix, 'dev', 'lo'] }
      return withdrawn
        ? { apply: withdrawn, undo: withdrawn.map(opposite) }
        : { apply: [add], undo: [remove] }
    }
  }
}

/** A cost on a live interface has no effect: the interface leaves the daemon and comes back with it. */
function withCost(place: NodePlace, iface: string, rxcost: number): Step[] {
  const options = interfaceOptions(place.start ?? [], iface)
  return [
    { do: 'babel', statement: `flush interface ${iface}`, lenient: true },
    { do: 'babel', statement: ['interface', iface, ...options, 'rxcost', String(rxcost)].join(' ') },
    { do: 'expect-interface', iface, present: true },
  ]
}

function without(iface: string): Step[] {
  return [
    { do: 'babel', statement: `flush interface ${iface}`, lenient: true },
    { do: 'expect-interface', iface, present: false },
  ]
}

function linkUp(iface: string, up: boolean): Step {
  return { do: 'run', argv: ['ip', 'link', 'set', 'dev', iface, up ? 'up' : 'down'] }
}

function setMtu(iface: string, value: number): Step {
  return { do: 'run', argv: ['ip', 'link', 'set', 'dev', iface, 'mtu', String(value)] }
}

async function planForwarding(place: NodePlace, enabled: boolean): Promise<ActionPlan> {
  const before = await forwarding(place)
  const changed = before.filter((setting) => setting.enabled !== enabled)
  const set = (name: string, on: boolean): Step => ({
    do: 'run',
    argv: ['sysctl', '-qw', `${name}=${on ? 1 : 0}`],
  })
  return {
    apply: changed.map(({ name }) => set(name, enabled)),
    undo: changed.map(({ name }) => set(name, !enabled)),
  }
}

/** `ip … add …` and `ip … del …` undo each other. */
function opposite(step: Step): Step {
  if (step.do !== 'run') return step
  const swap = (word: string) => (word === 'add' ? 'del' : word === 'del' ? 'add' : word)
  return { do: 'run', argv: step.argv.map(swap) }
}

function notAnnounced(place: NodePlace, prefix: string): Error {
  return meshSwarmError(
    'INVALID_ACTION',
    `${place.node} has neither an address nor a route ${prefix} that it could stop announcing.`,
  )
}
