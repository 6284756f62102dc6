import { dropBothWays } from './catalogue-links.ts'
import type { FaultKind } from './kinds.ts'
import { dropForwarded, percent } from './steps.ts'

type NodeSteps = FaultKind<'node'>['steps']

const frozen: NodeSteps = (lab, target, tag) =>
  lab
    .node(target.node)
    .interfaces.flatMap((iface) =>
      dropBothWays(lab, { kind: 'link', from: target.node, to: iface.peer }, tag),
    )

function forwardDrop(match?: string): NodeSteps {
  return (lab, target, tag) => [dropForwarded(tag, lab.node(target.node).netns, match)]
}

function fault(id: string, describe: string, steps: NodeSteps): FaultKind<'node'> {
  return { id, target: 'node', describe, steps }
}

export const NODE_FAULTS: readonly FaultKind<'node'>[] = [
  fault('black-hole', 'the node announces all its routes and drops what it should forward', forwardDrop()),
  fault('grey-forwarding', 'the node drops 30 % of what it should forward', forwardDrop(percent(30))),
  fault('forwarding-off', 'IPv6 forwarding is switched off, the daemon keeps announcing', (lab, target) => [
    { kind: 'forwarding-off', netns: lab.node(target.node).netns },
  ]),
  fault('frozen-node', 'all links of the node are cut silently', frozen),
  fault('daemon-killed', 'the routing daemon gets SIGKILL; its kernel routes stay', (lab, target) => [
    { kind: 'kill-daemon', node: target.node, netns: lab.node(target.node).netns },
  ]),
  fault('daemon-stopped', 'the routing daemon gets SIGSTOP', (lab, target) => [
    { kind: 'stop-daemon', netns: lab.node(target.node).netns },
  ]),
]

export const PREFIX_FAULTS: readonly FaultKind<'prefix'>[] = [
  {
    id: 'route-hijack',
    target: 'prefix',
    describe: "another node announces the victim's address and drops its traffic",
    steps: (lab, target, tag) => {
      const { netns } = lab.node(target.by)
      const { address } = lab.node(target.victim)
      const chains = `chain c {\ntype filter hook input priority 0\nip6 daddr ${address} counter drop\n}`
      return [
        { kind: 'nft', netns, family: 'inet', table: tag, chains },
        { kind: 'add-address', netns, address },
      ]
    },
  },
]

export const CUT_FAULTS: readonly FaultKind<'cut'>[] = [
  {
    id: 'partition',
    target: 'cut',
    describe: 'all links across a cut are cut silently',
    steps: (lab, target, tag) => {
      const side = new Set(target.side)
      return lab.plan.links
        .filter(({ a, b }) => side.has(a.node) !== side.has(b.node))
        .flatMap(({ a, b }) => dropBothWays(lab, { kind: 'link', from: a.node, to: b.node }, tag))
    },
  },
]
