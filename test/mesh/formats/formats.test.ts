import { describe, expect, it } from 'vitest'
import { linkId, type NodeId, nodeId } from '../../../src/core/index.ts'
import { detectFormat, known, parseTopology, unknown, writeTopology } from '../../../src/mesh/index.ts'

const AT = Date.UTC(2020, 4, 13, 11, 11, 52)
const measured = <T>(value: T, at = AT) => known(value, 'measured', at)
const derived = <T>(value: T) => known(value, 'derived', AT)

describe('meshviewer.json: what the server wrote, and no more', () => {
  const node = (id: string, more = {}) => ({ node_id: id, is_online: true, is_gateway: false, ...more })
  const mesh = (nodes: object[], links: object[] = []) => {
    return parseTopology(JSON.stringify({ timestamp: '2020-05-13T13:11:52+0200', nodes, links }))
  }
  const link = (source_tq: number, target_tq: number) => ({ source: 'a', target: 'b', source_tq, target_tq })
  const only = (snapshot: ReturnType<typeof mesh>) => snapshot.links.get(linkId('a--b'))

  it('statistics are as old as the node, its state as old as the file; zones are honoured, none is UTC', () => {
    const snapshot = mesh([node('a', { clients: 3, loadavg: 0.5, lastseen: '2020-05-13T11:00:00' })])
    expect(snapshot.takenAt).toBe(AT)
    expect(snapshot.nodes.get(nodeId('a'))).toMatchObject({
      online: measured(true),
      clients: measured(3, Date.UTC(2020, 4, 13, 11)),
      loadAverage: measured(0.5, Date.UTC(2020, 4, 13, 11)),
      daemon: { known: false },
    })
  })

  it('zeros of a node that never sent statistics are unknown', () => {
    const silent = { clients: 0, loadavg: 0, memory_usage: 0, uptime: '1970-01-01T00:00:00' }
    const snapshot = mesh([node('a', silent), node('b', { ...silent, uptime: '2020-05-01T06:43:22+0200' })])
    expect(snapshot.nodes.get(nodeId('a'))?.clients).toEqual(unknown('the node sends no statistics'))
    expect(snapshot.nodes.get(nodeId('b'))?.clients.known).toBe(true)
  })

  it('ETX is derived from TQ, each direction for itself', () => {
    const both = only(mesh([node('a'), node('b')], [link(0.5, 0.25)]))
    expect(both).toMatchObject({
      a: { node: 'a', tq: measured(0.5), etx: derived(2) },
      b: { node: 'b', tq: measured(0.25), etx: derived(4) },
      up: derived(true),
    })
  })

  it('one zero is a side that reported nothing: unknown; two zeros are a dead link', () => {
    const one = only(mesh([node('a', { is_online: false }), node('b')], [link(0, 0.25)]))
    expect(one?.a.tq).toEqual(unknown('the node is offline and reports nothing'))
    expect(one?.up.known).toBe(false)
    const dead = only(mesh([node('a'), node('b')], [link(0, 0)]))
    expect(dead).toMatchObject({ up: derived(false), a: { tq: measured(0), etx: { known: false } } })
  })

  it('the address is the first that is valid beyond the link; all stay in the attributes', () => {
    const addresses = ['fe80::1', 'fd00::1', '2a06::1']
    const found = mesh([node('a', { addresses })]).nodes.get(nodeId('a'))
    expect([found?.address, found?.attributes.addresses]).toEqual(['fd00::1', addresses])
  })
})

describe('NetJSON: a cost means what metric and protocol say', () => {
  const graph = (links: object[], more: object = { protocol: 'OLSR', metric: 'ETX' }) =>
    parseTopology(
      JSON.stringify({
        type: 'NetworkGraph',
        version: '1',
        ...more,
        nodes: [{ id: '10.0.0.1' }, { id: 'b' }],
        links,
      }),
      { observedAt: AT },
    )
  const [first, second] = ['10.0.0.1', 'b']
  const there = (cost: number) => ({ source: first, target: second, cost })
  const back = (cost: number) => ({ source: second, target: first, cost })

  it('ETX of one entry holds both ways, of two each its own', () => {
    const [one] = [...graph([there(1.5)]).links.values()]
    expect(one).toMatchObject({ a: { etx: measured(1.5) }, b: { etx: measured(1.5) }, up: derived(true) })
    const two = graph([there(1.5), back(3)])
    expect([...two.links.values()]).toMatchObject([{ a: { etx: measured(1.5) }, b: { etx: measured(3) } }])
    expect(JSON.parse(writeTopology(two, 'netjson')).links).toMatchObject([there(1.5), back(3)])
  })

  it('the cost that olsrd gives a broken link takes it down', () => {
    expect([...graph([there(4096)]).links.values()][0]?.up).toEqual(derived(false))
  })

  it('TQ and babel costs hold for their own direction; strange costs stay attributes', () => {
    const [tq] = [...graph([there(2)], { protocol: 'batman-adv', metric: 'TQ' }).links.values()]
    expect(tq).toMatchObject({ a: { tq: derived(0.5), etx: derived(2) }, b: { tq: { known: false } } })
    const [babel] = [...graph([there(96)], { protocol: 'babel', metric: null }).links.values()]
    expect(babel).toMatchObject({ a: { cost: measured(96) }, b: { cost: { known: false } } })
    const [odd] = [...graph([there(0.1)]).links.values()]
    expect(odd).toMatchObject({
      a: { etx: { known: false } },
      attributes: { cost: 0.1 },
      up: { known: false },
    })
  })

  it('parallel links stay apart, also when written', () => {
    const three = graph([there(1), there(2), back(3)])
    expect(three.links.size).toBe(3)
    expect(parseTopology(writeTopology(three, 'netjson')).links).toEqual(three.links)
  })

  it('an id that is an address is the address', () => {
    const nodes = [...graph([]).nodes.values()]
    expect(nodes.map((node) => node.address)).toEqual([first, undefined])
  })
})

describe('GML: the dialects of real files', () => {
  const parse = (text: string) => parseTopology(text, { observedAt: AT })

  it('labels need not be unique, edges may be parallel, coordinates may be missing or impossible', () => {
    const mesh = parse(`# a comment
      Creator "me" graph [ label "Caf&#233; &quot;1&quot; &amp;auml;" NetworkDate "2010_08"
      node [ id 0 label "None" hyperedge 1 ] node [ id 1 label "None" Longitude 9.5 Latitude -1e1 ]
      node [ id 2 Longitude 900 Latitude 1 ]
      edge [ source 0 target 1 LinkType "Fibre" ] edge [ source 1 target 0 id "e2" ] ]`)
    expect([mesh.label, mesh.takenAt]).toEqual(['Café "1" &auml;', Date.UTC(2010, 7, 1)])
    expect([...mesh.nodes.values()]).toMatchObject([
      { name: 'None', position: undefined, attributes: { hyperedge: 1 } },
      { name: 'None', position: { longitude: 9.5, latitude: -10 } },
      { name: '2', position: undefined, attributes: { Longitude: 900, Latitude: 1 } },
    ])
    expect([...mesh.links]).toMatchObject([
      ['0--1', { type: 'Fibre', up: { known: false } }],
      ['0--1#2', { type: undefined, attributes: { id: 'e2' } }],
    ])
  })

  it('in a directed graph an edge and its reverse are one link', () => {
    const nodes = 'node [ id "x" ] node [ id "y" ]'
    const edges = 'edge [ source "x" target "y" source_etx 2 ] edge [ source "y" target "x" w 1 ]'
    const mesh = parse(`graph [ directed 1 ${nodes} ${edges} ]`)
    expect([...mesh.links.values()]).toMatchObject([
      { a: { node: 'x', etx: measured(2) }, attributes: { reverse: { w: 1 } } },
    ])
  })
})

describe('A broken file gets the place and what is wrong there', () => {
  const cases: [string, string, string][] = [
    ['empty', ' \n', 'line 1, column 1: the file is empty.'],
    ['prose', 'hello', 'the document: neither meshviewer.json nor NetJSON nor GML.'],
    ['other JSON', '{"a": 1}', 'the document: JSON, but neither'],
    ['JSON cut', '{"nodes": [\n  {"node_id": "a"', 'line 2, column 18: the JSON ends too early.'],
    ['JSON comma', '{"nodes": [\n  1,, 2]}', 'line 2, column 5: unexpected "," in JSON.'],
    ['JSON control', '{"a": "x\ty"}', 'line 1, column 9: unexpected character U+0009 in JSON.'],
    ['schema', '{"timestamp":0,"nodes":[{"node_id":"a"},{}],"links":[]}', 'nodes[1].node_id: invalid input'],
    [
      'TQ',
      '{"timestamp":0,"nodes":[],"links":[{"source":"a","target":"b","source_tq":2}]}',
      'links[0].source_tq: too big',
    ],
    [
      'twice',
      '{"timestamp":0,"nodes":[{"node_id":"a"},{"node_id":"a"}],"links":[]}',
      'nodes[1]: the node id "a" is there twice.',
    ],
    [
      'stranger',
      '{"type":"NetworkGraph","nodes":[{"id":"a"}],"links":[{"source":"a","target":"z"}]}',
      'links[0]: the link names "z", which is no node.',
    ],
    [
      'self',
      '{"type":"NetworkGraph","nodes":[{"id":"a"}],"links":[{"source":"a","target":"a"}]}',
      'links[0]: the node "a" is linked to itself.',
    ],
    ['GML cut', 'graph [\n node [ id 1 ]\n', 'line 3, column 1: the file ends where a key or "]" belongs.'],
    ['GML string', 'graph [ label "x', 'line 1, column 15: a string without its closing quote.'],
    [
      'GML value',
      'graph [ node [ id ] ]',
      'line 1, column 19: "]" where a number, a "string" or "[" belongs.',
    ],
    [
      'GML stranger',
      'graph [ node [ id 1 ]\n edge [ source 1 target 2 ] ]',
      'line 2, column 2: the target 2 of the edge is no node.',
    ],
    [
      'GML twice',
      'graph [ node [ id 1 ]\nnode [ id 1 ] ]',
      'line 2, column 1: the node id 1 is there twice.',
    ],
    ['GML two', 'graph [ ] graph [ ]', 'line 1, column 11: a second graph; a file holds one.'],
  ]
  for (const [name, text, message] of cases) {
    it(name, () => {
      expect(() => parseTopology(text)).toThrow(
        expect.objectContaining({ code: 'INVALID_TOPOLOGY', message: expect.stringContaining(message) }),
      )
    })
  }
})

describe('The format is told by content', () => {
  it('whatever the white space and the byte order mark', () => {
    expect(detectFormat('\n graph [ ]')).toBe('gml')
    expect(detectFormat('Creator "x"\ngraph\n[ ]')).toBe('gml')
    expect(detectFormat('{"type": "NetworkGraph"}')).toBe('netjson')
    expect(detectFormat('{"nodes": [], "links": [], "meta": {}}')).toBe('meshviewer')
    expect(parseTopology('\ufeffgraph [ ]').nodes).toEqual(new Map<NodeId, never>())
  })
})
