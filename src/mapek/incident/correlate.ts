import type { LinkId, NodeId } from '../../core/index.ts'
import type { Link, MeshSnapshot } from '../../mesh/index.ts'
import type { LinkSymptom, Symptom } from '../detect/symptom.ts'
import { connectedParts } from '../health/connected-parts.ts'
import type { DetectedRoot, Root } from './incident.ts'

/**
 * One root for each cause. Dead links are explained together: all links of a node are that node, links that
 * separate the mesh are one cut, the rest are links. A daemon that is down explains what its node loses.
 */
export function correlate(symptoms: readonly Symptom[], snapshot: MeshSnapshot): DetectedRoot[] {
  const dead = symptoms.filter((symptom) => symptom.kind === 'link' && symptom.trouble === 'dead')
  const explained = explainDeadLinks(dead as readonly LinkSymptom[], snapshot)
  const downDaemons = new Set(
    symptoms.flatMap((symptom) => (symptom.kind === 'daemon-down' ? [symptom.node] : [])),
  )
  const gone = new Set(explained.flatMap(({ root }) => (root.kind === 'node-unreachable' ? [root.node] : [])))
  const isSplit = explained.some(({ root }) => root.kind === 'split')
  const roots: DetectedRoot[] = [...explained]
  for (const symptom of symptoms) {
    const root = rootOf(symptom)
    if (!root || (root.kind === 'link' && root.symptom.trouble === 'dead')) continue
    if (root.kind === 'transit' && (downDaemons.has(root.symptom.node) || gone.has(root.symptom.node)))
      continue
    // The sides of a cut have lost each other, not their routes: nothing is touched.
    if (root.kind === 'no-route' && isSplit) continue
    const standsBack = root.kind === 'daemon' || root.kind === 'no-route'
    if (standsBack && gone.has(root.symptom.node)) continue
    roots.push({ root, symptoms: [symptom], onset: symptom.onset })
  }
  return roots
}

function rootOf(symptom: Symptom): Root | undefined {
  switch (symptom.kind) {
    case 'link':
      return { kind: 'link', key: symptom.key, symptom }
    case 'transit-loss':
      return { kind: 'transit', key: symptom.key, symptom }
    case 'daemon-down':
      return { kind: 'daemon', key: symptom.key, symptom }
    case 'foreign-originator':
      return { kind: 'originator', key: symptom.key, symptom }
    case 'no-route':
      return { kind: 'no-route', key: symptom.key, symptom }
    case 'cost-changed':
      return { kind: 'cost', key: symptom.key, symptom }
  }
}

function explainDeadLinks(dead: readonly LinkSymptom[], snapshot: MeshSnapshot): DetectedRoot[] {
  if (dead.length === 0) return []
  const byLink = new Map(dead.map((symptom) => [symptom.link, symptom]))
  const left = new Map(byLink)
  const roots: DetectedRoot[] = []
  const take = (root: Root, links: readonly LinkId[]) => {
    const symptoms = links.flatMap((link) => byLink.get(link) ?? [])
    for (const link of links) left.delete(link)
    roots.push({ root, symptoms, onset: Math.min(...symptoms.map(({ onset }) => onset)) })
  }
  for (const [node, links] of linksByNode(snapshot)) {
    const all = links.map(({ id }) => id)
    if (all.length >= 2 && all.every((id) => byLink.has(id))) {
      take({ kind: 'node-unreachable', key: `node:${node}`, node, links: all }, all)
    }
  }
  const unreachable = new Set(
    roots.flatMap(({ root }) => (root.kind === 'node-unreachable' ? [root.node] : [])),
  )
  for (const side of minorComponents(snapshot, byLink, unreachable)) {
    const cut = [...left.keys()].filter((id) => crosses(snapshot.links.get(id), side))
    if (cut.length === 0) continue
    take({ kind: 'split', key: `split:${cut.toSorted().join('+')}`, cut, side: [...side] }, cut)
  }
  for (const [link, symptom] of left) take({ kind: 'link', key: symptom.key, symptom }, [link])
  return roots
}

function linksByNode(snapshot: MeshSnapshot): Map<NodeId, Link[]> {
  const byNode = new Map<NodeId, Link[]>()
  for (const link of snapshot.links.values()) {
    for (const { node } of [link.a, link.b]) byNode.set(node, [...(byNode.get(node) ?? []), link])
  }
  return byNode
}

function crosses(link: Link | undefined, side: ReadonlySet<NodeId>): boolean {
  return link !== undefined && side.has(link.a.node) !== side.has(link.b.node)
}

/** Connected components without the dead links and the unreachable nodes, but the largest one. */
function minorComponents(
  snapshot: MeshSnapshot,
  dead: ReadonlyMap<LinkId, unknown>,
  without: ReadonlySet<NodeId>,
): readonly ReadonlySet<NodeId>[] {
  const around = new Map<NodeId, NodeId[]>()
  for (const node of snapshot.nodes.keys()) if (!without.has(node)) around.set(node, [])
  for (const link of snapshot.links.values()) {
    if (dead.has(link.id)) continue
    around.get(link.a.node)?.push(link.b.node)
    around.get(link.b.node)?.push(link.a.node)
  }
  return connectedParts(around).slice(1)
}
