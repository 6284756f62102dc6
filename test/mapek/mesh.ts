import { buildSnapshot } from '../../src/mesh/topology/index.ts'

/** A snapshot from `a-b b-c …`; link ids are written as given, interfaces are named after the far end. */
export function meshOf(links: string) {
  const pairs = links.split(' ').map((text) => text.split('-'))
  const ids = [...new Set(pairs.flat())]
  return buildSnapshot({
    takenAt: 0,
    source: 'simulated',
    nodes: ids.map((id) => ({ id })),
    links: pairs.map(([a = '', b = '']) => ({
      id: `${a}-${b}`,
      a: { node: a, iface: b },
      b: { node: b, iface: a },
    })),
  })
}
