import type { Lab } from '../lab.ts'
import { type FaultKind, linkBetween, type TargetOf } from './kinds.ts'
import { dropIncoming, type FaultStep, type NetnsDevice, percent } from './steps.ts'

type LinkTarget = TargetOf<'link'>
type LinkSteps = FaultKind<'link'>['steps']

function ends(lab: Lab, target: LinkTarget): { from: NetnsDevice; to: NetnsDevice } {
  const { a, b } = linkBetween(lab, target.from, target.to)
  return {
    from: { netns: lab.node(a.node).netns, device: a.iface },
    to: { netns: lab.node(b.node).netns, device: b.iface },
  }
}

/** Drops in both directions: each end refuses what comes in. */
export function dropBothWays(lab: Lab, target: LinkTarget, tag: string, match?: string): FaultStep[] {
  const { from, to } = ends(lab, target)
  return [dropIncoming(tag, from, match), dropIncoming(tag, to, match)]
}

function both(match?: string): LinkSteps {
  return (lab, target, tag) => dropBothWays(lab, target, tag, match)
}

/** What `from` sends to `to` is lost; the other direction works. */
function oneWay(match?: string): LinkSteps {
  return (lab, target, tag) => [dropIncoming(tag, ends(lab, target).to, match)]
}

const interfaceDown: LinkSteps = (lab, target) => {
  const { from } = ends(lab, target)
  return [{ kind: 'link-down', ...from }]
}

/** 64 kbit/s each way with a short queue: large packets are lost, the daemons' small ones get through. */
const congested: LinkSteps = (lab, target) => {
  const { from, to } = ends(lab, target)
  const spec = 'tbf rate 64kbit burst 3000 latency 200ms'
  return [from, to].map((end) => ({ kind: 'qdisc', ...end, spec }) as const)
}

/** The loop starts with the interface going down; the undo sets it up, whatever state the loop left. */
const flapping: LinkSteps = (lab, target, tag) => {
  const { from } = ends(lab, target)
  const set = `ip link set ${from.device}`
  const script = `while :; do ${set} down; sleep 3; ${set} up; sleep 3; done`
  return [
    { kind: 'link-down', ...from },
    { kind: 'background', netns: from.netns, tag, script },
  ]
}

const silentFlapping: LinkSteps = (lab, target, tag) => {
  const { from, to } = ends(lab, target)
  return [from, to].flatMap((end) => {
    const drop = dropIncoming(tag, end)
    if (drop.kind !== 'nft') return []
    const table = `netdev ${drop.table}`
    const load = `printf '${`table ${table} {\n${drop.chains}\n}`.replaceAll('\n', '\\n')}\\n' | nft -f -`
    const script = `while :; do sleep 3; nft delete table ${table}; sleep 3; ${load}; done`
    return [drop, { kind: 'background', netns: end.netns, tag: `${tag}-loop`, script } as const]
  })
}

const wrongMetric: LinkSteps = (lab, target) => {
  const node = lab.node(target.from)
  const { from } = ends(lab, target)
  return [{ kind: 'rxcost', ...from, socket: node.socket, rxcost: 5000, previous: 96 }]
}

function fault(id: string, describe: string, steps: LinkSteps): FaultKind<'link'> {
  return { id, target: 'link', describe, steps }
}

export const LINK_FAULTS: readonly FaultKind<'link'>[] = [
  fault('interface-down', 'the interface at one end is set down', interfaceDown),
  fault('silent-cut', 'nothing arrives in either direction, the interfaces stay up', both()),
  fault('one-way-cut', 'nothing arrives in one direction', oneWay()),
  fault('loss-20', '20 % of packets are lost in both directions', both(percent(20))),
  fault('loss-50', '50 % of packets are lost in both directions', both(percent(50))),
  fault('loss-20-one-way', '20 % of packets are lost in one direction', oneWay(percent(20))),
  fault('loss-50-one-way', '50 % of packets are lost in one direction', oneWay(percent(50))),
  fault('congested-link', 'the link carries 64 kbit/s', congested),
  fault('mtu-black-hole', 'packets of more than 1300 bytes vanish', both('meta length > 1300')),
  fault('flapping', 'the interface goes down and up every 3 s', flapping),
  fault('silent-flapping', 'the link is cut silently for 3 s of every 6', silentFlapping),
  fault('wrong-metric', 'one end announces a receive cost of 5000 for a good link', wrongMetric),
]
