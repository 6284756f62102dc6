import type { Root } from './incident.ts'

/** One line that a person reads first. */
export function titleOf(root: Root): string {
  switch (root.kind) {
    case 'link': {
      const { symptom } = root
      const loss = symptom.lossRate === undefined ? '' : ` (${Math.round(symptom.lossRate * 100)} % lost)`
      const what = {
        dead: 'link passes nothing',
        lossy: `link loses packets${loss}`,
        'drops-large': 'link swallows large packets',
        saturated: `link is saturated (${Math.round(symptom.delayMs ?? 0)} ms one way)`,
      }[symptom.trouble]
      return `${symptom.link}: ${what}`
    }
    case 'node-unreachable':
      return `${root.node}: unreachable, all ${root.links.length} links pass nothing`
    case 'split':
      return `mesh split: ${root.side.join(', ')} cut off; cut = ${root.cut.join(', ')}`
    case 'transit':
      return `${root.symptom.node}: loses ${Math.round(root.symptom.lossRate * 100)} % of what it should forward`
    case 'daemon':
      return `${root.symptom.node}: routing daemon is ${root.symptom.state}`
    case 'originator':
      return `${root.symptom.announcer} announces ${root.symptom.prefix}, which belongs to ${root.symptom.victim}`
    case 'no-route': {
      const { node, pairs } = root.symptom
      const own = pairs.filter(({ from, to }) => from === node || to === node)
      const others = [...new Set(own.map(({ from, to }) => (from === node ? to : from)))]
      const rest = others.length > 4 ? ` and ${others.length - 4} more` : ''
      const elsewhere = pairs.length > own.length ? `; ${pairs.length - own.length} more pairs elsewhere` : ''
      return `${node}: no sound route between it and ${others.slice(0, 4).join(', ')}${rest}, though links join them${elsewhere}`
    }
    case 'cost':
      return `${root.symptom.node}/${root.symptom.iface}: cost ${root.symptom.cost} instead of ${root.symptom.nominal}`
  }
}
