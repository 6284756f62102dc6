import type { LinkId, NodeId } from '../core/index.ts'
import type { MeshAction, MeshSnapshot, TwinBelief } from '../mesh/index.ts'
import type { NodePair } from './health/probe-plan.ts'
import type { Hypothesis, Prediction, Root } from './incident/incident.ts'

export interface TwinQuestion {
  readonly snapshot: MeshSnapshot
  readonly beliefs: readonly TwinBelief[]
  readonly actions: readonly MeshAction[]
  readonly pairs: readonly NodePair[]
  readonly bytes: number
}

/** Answers what an action plan would do, without doing it. */
export interface DigitalTwin {
  predict(question: TwinQuestion, signal: AbortSignal): Promise<Prediction>
}

/** The beliefs that one incident's leading hypothesis stands for. */
export function beliefsOf(root: Root, hypothesis: Hypothesis, snapshot: MeshSnapshot): readonly TwinBelief[] {
  const { cause, node, iface } = hypothesis
  if (cause === 'interface-admin-down' && node !== undefined && iface !== undefined) {
    return [{ kind: 'interface-off', node, iface }]
  }
  switch (root.kind) {
    case 'link':
      return root.symptom.senders.map((from) => ({
        kind: 'link-loss',
        link: root.symptom.link,
        from,
        loss:
          root.symptom.trouble === 'dead' || root.symptom.trouble === 'drops-large'
            ? 1
            : (root.symptom.lossRate ?? 0.5),
        largeOnly: root.symptom.trouble === 'drops-large' || root.symptom.trouble === 'saturated',
      }))
    case 'node-unreachable':
    case 'split':
      return (root.kind === 'split' ? root.cut : root.links).flatMap((link) => {
        const found = snapshot.links.get(link)
        return found ? [found.a.node, found.b.node].map((from) => deadLink(link, from)) : []
      })
    case 'transit':
      return [
        {
          kind: 'forwards',
          node: root.symptom.node,
          share: 1 - root.symptom.lossRate,
          switchedOff: cause === 'forwarding-disabled',
        },
      ]
    case 'daemon':
      return [{ kind: 'daemon', node: root.symptom.node, state: root.symptom.state }]
    case 'originator':
      return [{ kind: 'announces', node: root.symptom.announcer, victim: root.symptom.victim }]
    case 'no-route':
    case 'cost':
      return []
  }
}

function deadLink(link: LinkId, from: NodeId): TwinBelief {
  return { kind: 'link-loss', link, from, loss: 1, largeOnly: false }
}
