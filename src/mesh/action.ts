import type { NodeId } from '../core/index.ts'

/**
 * Everything that can be done to a mesh: a closed union of frozen data. Behaviour lives in the node's executor.
 * Interface-level actions name an interface of `node`; link-level repair is two of them, one an end.
 */
export type MeshAction =
  | {
      readonly kind: 'restart-daemon'
      readonly node: NodeId
      /**
       * Start it with this receive cost on every interface: traffic goes around the node while the node itself
       * stays reachable. The inverse starts it without.
       */
      readonly rxcost?: number | undefined
    }
  | { readonly kind: 'resume-daemon'; readonly node: NodeId }
  /** Makes the node announce its addresses under a newer sequence number: longer routes to it become feasible. */
  | { readonly kind: 'renew-routes'; readonly node: NodeId }
  | {
      readonly kind: 'set-link-cost'
      readonly node: NodeId
      readonly iface: string
      /** Receive cost to announce, 1..65534. */
      readonly rxcost: number
      /** The cost before, which the inverse restores. */
      readonly previous: number
    }
  /** Takes the interface out of the daemon: no hellos, no routes through it. */
  | {
      readonly kind: 'drop-interface'
      readonly node: NodeId
      readonly iface: string
      readonly rxcost: number
    }
  | { readonly kind: 'add-interface'; readonly node: NodeId; readonly iface: string; readonly rxcost: number }
  | { readonly kind: 'set-interface-up'; readonly node: NodeId; readonly iface: string; readonly up: boolean }
  | {
      readonly kind: 'set-interface-mtu'
      readonly node: NodeId
      readonly iface: string
      readonly mtu: number
      readonly previous: number
    }
  | { readonly kind: 'set-forwarding'; readonly node: NodeId; readonly enabled: boolean }
  /** Stops announcing a prefix that belongs to another node. */
  | { readonly kind: 'withdraw-prefix'; readonly node: NodeId; readonly prefix: string }
  | { readonly kind: 'announce-prefix'; readonly node: NodeId; readonly prefix: string }

export type ActionKind = MeshAction['kind']

/**
 * 0 restores what the node's own configuration says; 1 moves traffic, reversible without loss;
 * 2 takes a service or an interface away; 3 cuts nodes off or changes keys.
 */
export type RiskTier = 0 | 1 | 2 | 3

const RISK: Readonly<Record<ActionKind, RiskTier>> = Object.freeze({
  'resume-daemon': 0,
  'renew-routes': 0,
  'restart-daemon': 0,
  'set-forwarding': 0,
  'set-interface-up': 0,
  'set-link-cost': 1,
  'set-interface-mtu': 1,
  'add-interface': 1,
  'drop-interface': 2,
  'withdraw-prefix': 2,
  'announce-prefix': 2,
})

export const ACTION_KINDS: readonly ActionKind[] = Object.freeze(Object.keys(RISK) as ActionKind[])

/** Of the kind: an action may have more. */
export function kindTier(kind: ActionKind): RiskTier {
  return RISK[kind]
}

export function riskTier(action: MeshAction): RiskTier {
  switch (action.kind) {
    case 'restart-daemon':
      return action.rxcost === undefined ? RISK[action.kind] : 1
    // Up restores; down takes away.
    case 'set-interface-up':
      return action.up ? RISK[action.kind] : 2
    case 'set-forwarding':
      return action.enabled ? RISK[action.kind] : 2
    default:
      return RISK[action.kind]
  }
}

/** The nodes whose configuration changes: the blast radius that budgets count. */
export function touchedNodes(actions: readonly MeshAction[]): ReadonlySet<NodeId> {
  return new Set(actions.flatMap(({ kind, node }) => (kind === 'renew-routes' ? [] : [node])))
}

/** What undoes the action, or undefined where nothing does (a restarted daemon stays restarted). */
export function inverse(action: MeshAction): MeshAction | undefined {
  switch (action.kind) {
    case 'restart-daemon':
      return action.rxcost === undefined ? undefined : { kind: 'restart-daemon', node: action.node }
    case 'resume-daemon':
    case 'renew-routes':
      return undefined
    case 'set-link-cost':
      return { ...action, rxcost: action.previous, previous: action.rxcost }
    case 'set-interface-mtu':
      return { ...action, mtu: action.previous, previous: action.mtu }
    case 'drop-interface':
      return { ...action, kind: 'add-interface' }
    case 'add-interface':
      return { ...action, kind: 'drop-interface' }
    case 'set-interface-up':
      return { ...action, up: !action.up }
    case 'set-forwarding':
      return { ...action, enabled: !action.enabled }
    case 'withdraw-prefix':
      return { ...action, kind: 'announce-prefix' }
    case 'announce-prefix':
      return { ...action, kind: 'withdraw-prefix' }
  }
}

export function describeAction(action: MeshAction): string {
  switch (action.kind) {
    case 'restart-daemon':
      return action.rxcost === undefined
        ? `restart the routing daemon on ${action.node}`
        : `restart the routing daemon on ${action.node} with a receive cost of ${action.rxcost}, so that traffic goes around it`
    case 'resume-daemon':
      return `resume the stopped routing daemon on ${action.node}`
    case 'renew-routes':
      return `ask ${action.node} from all sides for a newer sequence number`
    case 'set-link-cost':
      return `set the receive cost of ${action.node}/${action.iface} to ${action.rxcost} (was ${action.previous})`
    case 'drop-interface':
      return `take ${action.node}/${action.iface} out of routing`
    case 'add-interface':
      return `give ${action.node}/${action.iface} back to routing`
    case 'set-interface-up':
      return `set ${action.node}/${action.iface} ${action.up ? 'up' : 'down'}`
    case 'set-interface-mtu':
      return `set the MTU of ${action.node}/${action.iface} to ${action.mtu} (was ${action.previous})`
    case 'set-forwarding':
      return `switch forwarding ${action.enabled ? 'on' : 'off'} at ${action.node}`
    case 'withdraw-prefix':
      return `stop announcing ${action.prefix} on ${action.node}`
    case 'announce-prefix':
      return `announce ${action.prefix} on ${action.node}`
  }
}
