import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  buildSnapshot,
  type LinkSpec,
  type NodeSpec,
  type Observation,
  parseTopology,
  type SideSpec,
  TOPOLOGY_FORMATS,
  writeTopology,
} from '../../../src/mesh/index.ts'
import { contents } from './contents.ts'

const source = fc.constantFrom('measured', 'derived', 'simulated')
const time = fc.constantFrom(0, 1_583_244_301_000, 1.5, -62_135_596_800_001)

function observation<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Observation<T>> {
  return fc.oneof(
    fc.record({ known: fc.constant<true>(true), value, source, observedAt: time }),
    fc.record({ known: fc.constant<false>(false), reason: fc.string() }),
    fc.constant<Observation<T>>({ known: false }),
  )
}

const text = fc.string({ maxLength: 6, unit: 'binary' })
const figure = fc.oneof(
  fc.constantFrom(0, 1, 96, 4096, 65_535, 0.1, 1e21, 1e-7, Number.POSITIVE_INFINITY),
  fc.double({ min: 0, max: 10, noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
)
const key = fc.constantFrom(
  'id',
  'label',
  'node_id',
  'meshswarm',
  'cost',
  'reverse',
  'type',
  'location',
  'clients',
  'online',
  'up',
  'source',
  'target_tq',
  'properties',
  'local_addresses',
  'Longitude',
  'lastseen',
  'x',
  'odd key',
  'timestamp',
  'nodes',
  'metric',
  'protocol',
  'meta',
  'directed',
  'graph',
  'node',
  'uptime',
  'loadavg',
  'addresses',
  'LinkType',
)
const jsonValue = fc
  .jsonValue({ maxDepth: 2, noUnicodeString: false })
  .map((value) => JSON.parse(JSON.stringify(value)))
const attributes = fc.dictionary(key, jsonValue, { maxKeys: 4 }).map((record) => ({ ...record }))

const node = (id: string): fc.Arbitrary<NodeSpec> =>
  fc.record({
    id: fc.constant(id),
    name: text,
    address: fc.option(text, { nil: undefined }),
    managed: fc.boolean(),
    gateway: fc.boolean(),
    position: fc.option(fc.constantFrom({ longitude: 9, latitude: 52.5 }, { longitude: 900, latitude: 0 }), {
      nil: undefined,
    }),
    online: observation(fc.boolean()),
    daemon: observation(fc.constantFrom('running', 'stopped', 'dead')),
    routerId: observation(text),
    prefixes: observation(fc.array(text, { maxLength: 2 })),
    interfaces: fc.array(
      fc.record({
        name: text,
        up: observation(fc.boolean()),
        mtu: observation(figure),
        rxcost: observation(figure),
      }),
      { maxLength: 2 },
    ),
    clients: observation(figure),
    loadAverage: observation(figure),
    attributes,
  })

const side = (ends: readonly string[]): fc.Arbitrary<SideSpec> =>
  fc.record({
    node: fc.constantFrom(...ends),
    iface: fc.option(text, { nil: undefined }),
    etx: observation(figure),
    tq: observation(figure),
    cost: observation(figure),
  })

const link = (ids: readonly string[]): fc.Arbitrary<LinkSpec> =>
  fc
    .record({
      id: fc.option(fc.uuid(), { nil: undefined }),
      a: side(ids),
      b: side(ids),
      up: observation(fc.boolean()),
      latencyMs: observation(figure),
      type: fc.option(text, { nil: undefined }),
      attributes,
    })
    .filter(({ a, b }) => a.node !== b.node)

const mesh = fc
  .uniqueArray(
    fc.oneof(fc.constantFrom('0', '1', '12', '007', '10.0.0.1', '__proto__'), fc.string({ minLength: 1 })),
    {
      minLength: 2,
      maxLength: 5,
    },
  )
  .chain((ids) =>
    fc.record({
      takenAt: time,
      source,
      label: fc.option(text, { nil: undefined }),
      attributes,
      nodes: fc.tuple(...ids.map(node)),
      links: fc.array(link(ids), { maxLength: 5 }),
    }),
  )
  .map(buildSnapshot)

describe('Any mesh that the model can hold goes through any format and comes back the same', () => {
  for (const format of TOPOLOGY_FORMATS) {
    it(format, () => {
      fc.assert(
        fc.property(mesh, (snapshot) => {
          const written = writeTopology(snapshot, format)
          expect(contents(parseTopology(written, { name: 'x', observedAt: 5 }))).toEqual(contents(snapshot))
        }),
        { numRuns: 150 },
      )
    })
  }
})
