import { hypothesisId, type IdSource, type LinkId, type NodeId } from '../../core/index.ts'
import type { MeshSnapshot, NodeFacts } from '../../mesh/index.ts'
import type { Cause, Evidence, Hypothesis, Root } from './incident.ts'

/** The nodes that analysts look at closely for this root. */
export function nodesToInspect(root: Root, snapshot: MeshSnapshot): readonly NodeId[] {
  switch (root.kind) {
    case 'link':
      return endsOf(root.symptom.link, snapshot)
    case 'split':
      return [...new Set(root.cut.flatMap((link) => endsOf(link, snapshot)))]
    case 'node-unreachable':
    case 'transit':
    case 'daemon':
    case 'no-route':
    case 'cost':
      return [root.kind === 'node-unreachable' ? root.node : root.symptom.node]
    case 'originator':
      return [root.symptom.announcer, root.symptom.victim]
  }
}

interface Candidate {
  readonly cause: Cause
  readonly prior: number
  readonly evidence: Evidence[]
  readonly node?: NodeId | undefined
  readonly link?: LinkId | undefined
  readonly iface?: string | undefined
}

/**
 * What may be behind the root, by what was seen on the nodes. Posterior by Bayes over independent evidence:
 * prior times the product of the likelihood ratios, normalised over the candidates.
 */
export function hypothesise(
  root: Root,
  facts: ReadonlyMap<NodeId, NodeFacts>,
  snapshot: MeshSnapshot,
  ids: IdSource,
): readonly Hypothesis[] {
  const candidates = candidatesOf(root, facts, snapshot)
  const scores = candidates.map(({ prior, evidence }) =>
    evidence.reduce((score, { weight }) => score * weight, prior),
  )
  const total = scores.reduce((sum, score) => sum + score, 0) || 1
  return candidates
    .map((candidate, index) => ({
      id: hypothesisId(ids.next('hypothesis')),
      cause: candidate.cause,
      probability: (scores[index] ?? 0) / total,
      node: candidate.node,
      link: candidate.link,
      iface: candidate.iface,
      evidence: candidate.evidence,
    }))
    .sort((x, y) => y.probability - x.probability)
}

function candidatesOf(
  root: Root,
  facts: ReadonlyMap<NodeId, NodeFacts>,
  snapshot: MeshSnapshot,
): Candidate[] {
  switch (root.kind) {
    case 'link':
      return linkCandidates(root.symptom.link, root.symptom.trouble, facts, snapshot)
    case 'node-unreachable':
      return [
        {
          cause: 'node-unreachable',
          prior: 0.9,
          node: root.node,
          evidence: [
            says(`${root.links.length} of its links pass nothing, its neighbours reach each other`, 5),
          ],
        },
        ...adminDown(root.links, facts, snapshot),
      ]
    case 'split':
      return [
        {
          cause: 'mesh-split',
          prior: 0.8,
          evidence: [says(`nothing passes ${root.cut.join(', ')}, and no other link joins the sides`, 5)],
        },
        ...adminDown(root.cut, facts, snapshot),
      ]
    case 'transit':
      return transitCandidates(root.symptom.node, root.symptom.lossRate, facts)
    case 'daemon': {
      const cause = root.symptom.state === 'dead' ? 'daemon-dead' : 'daemon-hung'
      return [
        {
          cause,
          prior: 1,
          node: root.symptom.node,
          evidence: [says(`process is ${root.symptom.state}`, 50)],
        },
      ]
    }
    case 'originator':
      return [originatorCandidate(root.symptom.announcer, root.symptom.prefix, facts)]
    case 'no-route':
      return [
        {
          cause: 'route-stuck',
          prior: 1,
          node: root.symptom.node,
          evidence: [
            says(
              `${root.symptom.pairs.length} pairs have no sound route though links that pass packets join them`,
              20,
            ),
          ],
        },
      ]
    case 'cost':
      return [
        {
          cause: 'cost-misconfigured',
          prior: 1,
          node: root.symptom.node,
          iface: root.symptom.iface,
          evidence: [
            says(
              `announces ${root.symptom.cost}, was ${root.symptom.nominal}; probes over the link are clean`,
              10,
            ),
          ],
        },
      ]
  }
}

function linkCandidates(
  link: LinkId,
  trouble: 'dead' | 'lossy' | 'drops-large' | 'saturated',
  facts: ReadonlyMap<NodeId, NodeFacts>,
  snapshot: MeshSnapshot,
): Candidate[] {
  const cause = (
    {
      dead: 'link-dead',
      lossy: 'link-lossy',
      'drops-large': 'link-drops-large',
      saturated: 'link-saturated',
    } as const
  )[trouble]
  const plain: Candidate = {
    cause,
    prior: 0.5,
    link,
    evidence: [says(`direct probes over ${link}: ${trouble}`, 3)],
  }
  const others = [
    ...(trouble === 'dead' ? adminDown([link], facts, snapshot) : []),
    ...lowMtu(link, trouble, facts, snapshot),
  ]
  const ruledOut = others.length === 0 && endsOf(link, snapshot).every((node) => facts.has(node))
  if (ruledOut) plain.evidence.push(says('both interfaces are up with equal MTU', 2))
  return [plain, ...others]
}

function adminDown(
  links: readonly LinkId[],
  facts: ReadonlyMap<NodeId, NodeFacts>,
  snapshot: MeshSnapshot,
): Candidate[] {
  return sidesOf(links, snapshot).flatMap(({ node, iface, link }) => {
    const found = facts.get(node)?.interfaces.find(({ name }) => name === iface)
    if (!found?.adminUp.known || found.adminUp.value) return []
    const evidence = [says(`${node}/${iface} is administratively down`, 100)]
    return [{ cause: 'interface-admin-down' as const, prior: 0.3, node, iface, link, evidence }]
  })
}

function lowMtu(
  link: LinkId,
  trouble: string,
  facts: ReadonlyMap<NodeId, NodeFacts>,
  snapshot: MeshSnapshot,
): Candidate[] {
  if (trouble !== 'drops-large') return []
  const sides = sidesOf([link], snapshot).flatMap(({ node, iface }) => {
    const found = facts.get(node)?.interfaces.find(({ name }) => name === iface)
    return found?.mtu.known ? [{ node, iface, mtu: found.mtu.value }] : []
  })
  const largest = Math.max(...sides.map(({ mtu }) => mtu))
  return sides
    .filter(({ mtu }) => mtu < largest)
    .map(({ node, iface, mtu }) => ({
      cause: 'interface-mtu-low' as const,
      prior: 0.3,
      node,
      iface,
      link,
      evidence: [says(`${node}/${iface} has MTU ${mtu}, the other end ${largest}`, 50)],
    }))
}

function transitCandidates(
  node: NodeId,
  lossRate: number,
  facts: ReadonlyMap<NodeId, NodeFacts>,
): Candidate[] {
  const forwarding = facts.get(node)?.forwarding
  const off = forwarding?.known === true && !forwarding.value
  const on = forwarding?.known === true && forwarding.value
  const lost = says(
    `${Math.round(lossRate * 100)} % of the packets through it are lost, its links are clean`,
    2,
  )
  return [
    {
      cause: 'forwarding-drops',
      prior: 0.5,
      node,
      evidence: [
        lost,
        ...(on ? [says('forwarding is switched on', 3)] : []),
        ...(off ? [says('forwarding is switched off', 0.02)] : []),
      ],
    },
    ...(off
      ? [
          {
            cause: 'forwarding-disabled' as const,
            prior: 0.5,
            node,
            evidence: [lost, says('forwarding is switched off', 100)],
          },
        ]
      : []),
  ]
}

function originatorCandidate(
  announcer: NodeId,
  prefix: string,
  facts: ReadonlyMap<NodeId, NodeFacts>,
): Candidate {
  const addresses = facts.get(announcer)?.addresses
  const [address] = prefix.split('/')
  const holds = addresses?.known === true && addresses.value.some((held) => held.split('/')[0] === address)
  const evidence = [
    says(`two live routers announce ${prefix}`, 20),
    ...(holds ? [says(`${announcer} holds the address`, 5)] : []),
  ]
  return { cause: 'prefix-conflict', prior: 1, node: announcer, evidence }
}

function sidesOf(links: readonly LinkId[], snapshot: MeshSnapshot) {
  return links.flatMap((id) => {
    const link = snapshot.links.get(id)
    if (!link) return []
    return [link.a, link.b].flatMap(({ node, iface }) =>
      iface === undefined ? [] : [{ link: id, node, iface }],
    )
  })
}

function endsOf(link: LinkId, snapshot: MeshSnapshot): readonly NodeId[] {
  const found = snapshot.links.get(link)
  return found ? [found.a.node, found.b.node] : []
}

function says(text: string, weight: number): Evidence {
  return { text, weight }
}
