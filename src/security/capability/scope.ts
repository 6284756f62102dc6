import type { NodeId } from '../../core/index.ts'
import type { ActionKind, RiskTier } from '../../mesh/index.ts'

/** What a capability may be for: the actions of the mesh, and the rights to look at it. */
export type CapabilityAction = ActionKind | 'probe' | 'inspect' | 'hasten'

/** How many different nodes may be changed within any window of so long. */
export interface BlastRadius {
  readonly nodes: number
  readonly windowMs: number
}

/** What a capability allows, of whichever length its chain is. */
export interface Scope {
  readonly actions: readonly CapabilityAction[]
  readonly nodes: readonly NodeId[] | 'all'
  /** The node has to be in each of these. Which nodes a region has, the verifier knows, not the token. */
  readonly regions: readonly string[]
  /** Clock time in ms, itself excluded. Tokens hold whole seconds: it is rounded down. */
  readonly until: number
  readonly maxTier: RiskTier
  readonly perMinute: number
  readonly blast: BlastRadius
}

/** What a block adds to its parent's scope. What is left out stays as it was; nothing can become wider. */
export type Restriction = Partial<Scope>

export const CAPABILITY_ACTIONS: readonly string[] = Object.keys({
  'restart-daemon': true,
  'resume-daemon': true,
  'renew-routes': true,
  'set-link-cost': true,
  'drop-interface': true,
  'add-interface': true,
  'set-interface-up': true,
  'set-interface-mtu': true,
  'set-forwarding': true,
  'withdraw-prefix': true,
  'announce-prefix': true,
  probe: true,
  inspect: true,
  hasten: true,
} satisfies Record<CapabilityAction, true>)

/** A name as it may stand in a token: without quotes, backslashes and control characters, 200 characters at most. */
const NAME = /^[^"\\\p{Cc}]{1,200}$/u
export function isName(text: string): boolean {
  return NAME.test(text)
}

/** The scope with the restriction upon it: of each limit the tighter one. */
export function narrowed(scope: Scope, restriction: Restriction): Scope {
  const { actions, nodes = 'all', regions = [], until, maxTier, perMinute, blast } = restriction
  return {
    actions: actions ? scope.actions.filter((one) => actions.includes(one)) : scope.actions,
    nodes: bothNodes(scope.nodes, nodes),
    regions: [...new Set([...scope.regions, ...regions])],
    until: Math.min(scope.until, until ?? scope.until),
    maxTier: maxTier !== undefined && maxTier < scope.maxTier ? maxTier : scope.maxTier,
    perMinute: Math.min(scope.perMinute, perMinute ?? scope.perMinute),
    blast: {
      nodes: Math.min(scope.blast.nodes, blast?.nodes ?? scope.blast.nodes),
      windowMs: Math.max(scope.blast.windowMs, blast?.windowMs ?? scope.blast.windowMs),
    },
  }
}

/** The parts of the restriction that ask for more than the scope has. */
export function widerThan(scope: Scope, restriction: Restriction): readonly (keyof Scope)[] {
  const { actions = [], nodes, until = 0, maxTier = 0, perMinute = 0, blast = scope.blast } = restriction
  const has = new Set<string>(scope.nodes === 'all' ? [] : scope.nodes)
  const wider: Partial<Record<keyof Scope, boolean>> = {
    actions: actions.some((one) => !scope.actions.includes(one)),
    nodes:
      nodes !== undefined && scope.nodes !== 'all' && (nodes === 'all' || nodes.some((one) => !has.has(one))),
    until: until > scope.until,
    maxTier: maxTier > scope.maxTier,
    perMinute: perMinute > scope.perMinute,
    blast: blast.nodes > scope.blast.nodes || blast.windowMs < scope.blast.windowMs,
  }
  return (Object.keys(wider) as (keyof Scope)[]).filter((part) => wider[part])
}

function bothNodes(a: Scope['nodes'], b: Scope['nodes']): Scope['nodes'] {
  if (a === 'all') return b
  if (b === 'all') return a
  const other = new Set(b)
  return a.filter((node) => other.has(node))
}
