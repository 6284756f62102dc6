import type { LinkId, NodeId } from '../../core/index.ts'
import { type MeshAction, type MeshSnapshot, riskTier } from '../../mesh/index.ts'
import type { HealthBook } from '../health/health-book.ts'
import { type NodePair, neighbourMap } from '../health/probe-plan.ts'
import type { Hypothesis, Proof, Remedy, Root } from '../incident/incident.ts'
import { MOST_WITNESSES, pairsOverLink, pairsThrough, pairsWith, witnesses } from '../incident/witnesses.ts'
import type { MapekOptions } from '../options.ts'

export interface LadderInput {
  readonly root: Root
  readonly hypothesis: Hypothesis
  readonly snapshot: MeshSnapshot
  readonly book: HealthBook
  readonly options: MapekOptions
}

/** Used where nobody knows what the interface announced before: babeld's cost of a wire. */
const WIRE_COST = 96
const IPV6_MINIMUM_MTU = 1280
/** New routes are there in a second or not at all: better to look again soon than to wait for the full deadline. */
const RENEWED_MS = 5000

/** Everything that may help against the hypothesis. Restoring what is configured comes before moving traffic. */
export function remediesFor(input: LadderInput): readonly Remedy[] {
  const { hypothesis } = input
  const { node, link, iface } = hypothesis
  switch (hypothesis.cause) {
    case 'interface-admin-down':
      if (node === undefined || iface === undefined || link === undefined) return []
      return [
        remedy(
          input,
          `set ${node}/${iface} up`,
          [{ kind: 'set-interface-up', node, iface, up: true }],
          restored(input, link),
        ),
        ...avoidLink(input, link),
      ]
    case 'interface-mtu-low':
      return link === undefined ? [] : [...restoreMtu(input), ...avoidLink(input, link)]
    case 'link-dead':
    case 'link-lossy':
    case 'link-saturated':
      return link === undefined ? [] : avoidLink(input, link)
    case 'link-drops-large':
      return link === undefined ? [] : [...avoidLink(input, link), ...clampMtu(input, link)]
    case 'node-unreachable':
      return node === undefined ? [] : leave(input, node)
    case 'forwarding-disabled':
      if (node === undefined) return []
      return [
        remedy(
          input,
          `switch forwarding on at ${node}`,
          [{ kind: 'set-forwarding', node, enabled: true }],
          through(input, node, false),
        ),
        ...drain(input, node),
      ]
    case 'forwarding-drops':
      return node === undefined ? [] : drain(input, node)
    case 'daemon-hung':
    case 'daemon-dead':
      return node === undefined ? [] : daemonRemedies(input, node, hypothesis.cause)
    case 'route-stuck':
      return node === undefined ? [] : renewRoutes(input, node)
    case 'prefix-conflict':
      return withdraw(input)
    case 'cost-misconfigured':
      return restoreCost(input)
    case 'mesh-split':
      return []
  }
}

function remedy(
  { hypothesis }: LadderInput,
  title: string,
  actions: readonly MeshAction[],
  proof: Proof,
  extra: { readonly quarantines?: 'link' | 'node'; readonly followUp?: readonly MeshAction[] } = {},
): Remedy {
  const { quarantines, followUp = [] } = extra
  const risk = Math.max(...actions.map(riskTier))
  return { title, cause: hypothesis.cause, actions, followUp, risk, proof, quarantines }
}

/**
 * Both ends take the link out of routing: with one end only, the other goes on sending into it for many seconds.
 * A link that is the only way is left alone: the twin sees no gain in dropping it.
 */
function avoidLink(input: LadderInput, link: LinkId): Remedy[] {
  const found = input.snapshot.links.get(link)
  if (!found) return []
  const actions = [found.a, found.b].flatMap((side): MeshAction[] =>
    side.iface === undefined ? [] : [dropped(input, side.node, side.iface)],
  )
  if (actions.length === 0) return []
  const proof = restored(input, link, true)
  return [remedy(input, `keep traffic off ${link}`, actions, proof, { quarantines: 'link' })]
}

function dropped({ book }: LadderInput, node: NodeId, iface: string): MeshAction {
  return { kind: 'drop-interface', node, iface, rxcost: book.nominalCost(node, iface) ?? WIRE_COST }
}

/** The daemon starts anew with a cost that keeps traffic away: the node is out for half a second, then reachable. */
function drain(input: LadderInput, node: NodeId): Remedy[] {
  const action: MeshAction = { kind: 'restart-daemon', node, rxcost: input.options.avoidCost }
  return [
    remedy(input, `route around ${node}`, [action], through(input, node, true), { quarantines: 'node' }),
  ]
}

/** Nothing can be told to a node that cannot be reached: its neighbours turn away from it. */
function leave(input: LadderInput, node: NodeId): Remedy[] {
  const actions = [...input.snapshot.links.values()].flatMap(({ a, b }): MeshAction[] => {
    const side = a.node === node ? b : b.node === node ? a : undefined
    return side?.iface === undefined ? [] : [dropped(input, side.node, side.iface)]
  })
  if (actions.length === 0) return []
  return [remedy(input, `route around ${node}`, actions, through(input, node, true), { quarantines: 'node' })]
}

function clampMtu(input: LadderInput, link: LinkId): Remedy[] {
  const found = input.snapshot.links.get(link)
  if (!found) return []
  const actions = [found.a, found.b].flatMap((side): MeshAction[] => {
    const iface = input.snapshot.nodes.get(side.node)?.interfaces.find(({ name }) => name === side.iface)
    if (side.iface === undefined || !iface?.mtu.known || iface.mtu.value <= IPV6_MINIMUM_MTU) return []
    const previous = iface.mtu.value
    return [
      { kind: 'set-interface-mtu', node: side.node, iface: side.iface, mtu: IPV6_MINIMUM_MTU, previous },
    ]
  })
  if (actions.length === 0) return []
  const proof = { ...restored(input, link), bytes: IPV6_MINIMUM_MTU - 100 }
  return [remedy(input, `lower the MTU of ${link} so that senders are told`, actions, proof)]
}

function restoreMtu(input: LadderInput): Remedy[] {
  const { node, link, iface } = input.hypothesis
  const found = link === undefined ? undefined : input.snapshot.links.get(link)
  if (node === undefined || iface === undefined || link === undefined || !found) return []
  const mtuOf = (owner: NodeId, name: string | undefined) =>
    input.snapshot.nodes.get(owner)?.interfaces.find((entry) => entry.name === name)?.mtu
  const far = found.a.node === node ? found.b : found.a
  const [here, there] = [mtuOf(node, iface), mtuOf(far.node, far.iface)]
  if (!here?.known || !there?.known || there.value <= here.value) return []
  const action: MeshAction = {
    kind: 'set-interface-mtu',
    node,
    iface,
    mtu: there.value,
    previous: here.value,
  }
  return [
    remedy(input, `set the MTU of ${node}/${iface} back to ${there.value}`, [action], restored(input, link)),
  ]
}

function daemonRemedies(input: LadderInput, node: NodeId, cause: 'daemon-dead' | 'daemon-hung'): Remedy[] {
  const proof = reached(input, pairsWith(input.snapshot, node))
  const restart = remedy(input, `restart the daemon on ${node}`, [{ kind: 'restart-daemon', node }], proof)
  if (cause === 'daemon-dead') return [restart]
  return [remedy(input, `resume the daemon on ${node}`, [{ kind: 'resume-daemon', node }], proof), restart]
}

/** Routes are renewed from their destination: under a newer sequence number any way is feasible. */
function renewRoutes(input: LadderInput, node: NodeId): Remedy[] {
  const { root } = input
  if (root.kind !== 'no-route') return []
  const { pairs } = root.symptom
  // Spread over all of them: neighbours in the list share their fate.
  const spread = pairs.filter((_, index) => index % Math.ceil(pairs.length / MOST_WITNESSES) === 0)
  const actions = [...new Set(pairs.map(({ to }) => to))].map(
    (to): MeshAction => ({ kind: 'renew-routes', node: to }),
  )
  const proof = { ...reached(input, spread), withinMs: RENEWED_MS }
  return [remedy(input, `renew the routes between ${node} and the others`, actions, proof)]
}

/**
 * Without the follow-up the withdrawn route lingers up to seconds with the announcer's neighbours; a daemon that
 * starts anew makes them forget it at once (measured: 0.2 s instead of 0.1 to 11 s).
 */
function withdraw(input: LadderInput): Remedy[] {
  const { root, snapshot } = input
  if (root.kind !== 'originator') return []
  const { announcer, victim, prefix, believers } = root.symptom
  // Whoever believes the announcer, and those next to it, who are the first to.
  const astray = new Set([...believers, ...(neighbourMap(snapshot).get(announcer) ?? [])])
  const pairs = [...astray]
    .filter((from) => from !== victim && from !== announcer)
    .map((from) => ({ from, to: victim }))
  const proof = reached(input, witnesses(snapshot, pairs))
  const followUp: MeshAction[] = [{ kind: 'restart-daemon', node: announcer }]
  const title = `stop ${announcer} from announcing ${prefix}`
  return [remedy(input, title, [{ kind: 'withdraw-prefix', node: announcer, prefix }], proof, { followUp })]
}

function restoreCost(input: LadderInput): Remedy[] {
  const { root, snapshot } = input
  if (root.kind !== 'cost') return []
  const { node, iface, cost, nominal } = root.symptom
  const link = [...snapshot.links.values()].find((entry) =>
    [entry.a, entry.b].some((side) => side.node === node && side.iface === iface),
  )
  if (!link) return []
  const action: MeshAction = { kind: 'set-link-cost', node, iface, rxcost: nominal, previous: cost }
  return [
    remedy(input, `set the cost of ${node}/${iface} back to ${nominal}`, [action], restored(input, link.id)),
  ]
}

/** Small packets get through between these, on whatever way. */
function reached({ options }: Pick<LadderInput, 'options'>, pairs: readonly NodePair[]): Proof {
  const bytes = options.smallBytes
  return { pairs, bytes, avoidsLink: undefined, avoidsNode: undefined, withinMs: options.verifyDeadlineMs }
}

/** Traffic over the link is back: over the link itself, or `around` it. */
function restored(input: LadderInput, link: LinkId, around = false): Proof {
  const { snapshot, root, options } = input
  const large = root.kind === 'link' && root.symptom.trouble !== 'dead'
  const pairs = witnesses(snapshot, pairsOverLink(snapshot, link), around ? { link } : undefined)
  return {
    ...reached(input, pairs),
    ...(large ? { bytes: options.largeBytes } : {}),
    ...(around ? { avoidsLink: link } : {}),
  }
}

/** Traffic through the node is back: through the node itself, or `around` it. */
function through(input: LadderInput, node: NodeId, around: boolean): Proof {
  const { snapshot, root } = input
  const losing = root.kind === 'transit' ? root.symptom.pairs : []
  // Of those that were seen to lose packets none may have another way: then it is others that a detour helps.
  const seen = around || losing.length === 0 ? chain(losing, pairsThrough(snapshot, node)) : losing
  const others = Iterator.from(seen).filter(({ from, to }) => from !== node && to !== node)
  const pairs = witnesses(snapshot, others, around ? { node } : undefined)
  return { ...reached(input, pairs), avoidsNode: around ? node : undefined }
}

function* chain(first: Iterable<NodePair>, then: Iterable<NodePair>): Generator<NodePair> {
  yield* first
  yield* then
}
