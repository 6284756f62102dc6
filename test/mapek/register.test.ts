// The rule: what was closed as good and is still there a whole window of rounds later is an incident again, however
// long a round takes; what a person was told of is not reported twice.
import { describe, expect, test } from 'vitest'
import { linkId, nodeId, sequentialIds } from '../../src/core/index.ts'
import type { DetectedRoot, Incident, Outcome } from '../../src/mapek/incident/incident.ts'
import { IncidentRegister } from '../../src/mapek/incident/register.ts'
import { DEFAULT_MAPEK_OPTIONS } from '../../src/mapek/options.ts'
import { QuarantineBook } from '../../src/mapek/remedy/quarantine.ts'
import { buildSnapshot, type MeshSnapshot } from '../../src/mesh/index.ts'
import { meshOf } from './mesh.ts'

const OPTIONS = DEFAULT_MAPEK_OPTIONS
const WINDOW = OPTIONS.windowTicks

const plain = meshOf('a-b b-c c-a')
/** Every node sends straight to every other, or nobody sends anything over a-b. */
const used = routed((_, to) => to)
const left = routed((from, to) => (from !== 'c' && to !== 'c' ? nodeId('c') : to))

function routed(nextHop: MeshSnapshot['routes']['nextHop']): MeshSnapshot {
  const { nodes, links } = plain
  return buildSnapshot({
    ...{ takenAt: 0, source: 'simulated', nodes: [...nodes.values()].map(({ id }) => ({ id })) },
    links: [...links.values()].map(({ id, a, b }) => ({
      id,
      a: { node: a.node, iface: a.iface },
      b: { node: b.node, iface: b.iface },
    })),
    routes: { nextHop, path: () => undefined, originatorsOf: () => new Map() },
  })
}

const daemon: DetectedRoot = rootOf({
  ...{ kind: 'daemon-down', key: 'daemon:a', node: nodeId('a'), onset: 0, state: 'dead' },
})
const link: DetectedRoot = rootOf({
  ...{ kind: 'link', key: 'link:a-b', link: linkId('a-b'), onset: 0, trouble: 'lossy', senders: [] },
  ...{ lossRate: 0.3, delayMs: undefined },
})

function noRoute(node: string, pairs: readonly string[]): DetectedRoot {
  return rootOf({
    ...{ kind: 'no-route', key: `no-route:${node}`, node: nodeId(node), onset: 0 },
    pairs: pairs.map((pair) => {
      const [from = '', to = ''] = pair.split('>')
      return { from: nodeId(from), to: nodeId(to) }
    }),
  })
}

function rootOf(symptom: DetectedRoot['symptoms'][number]): DetectedRoot {
  const { key } = symptom
  const common = { symptoms: [symptom], onset: 0 }
  if (symptom.kind === 'daemon-down') return { ...common, root: { kind: 'daemon', key, symptom } }
  if (symptom.kind === 'no-route') return { ...common, root: { kind: 'no-route', key, symptom } }
  if (symptom.kind === 'link') return { ...common, root: { kind: 'link', key, symptom } }
  throw new Error(`no root for ${symptom.kind}`)
}

/** A register whose rounds come `everyMs`. */
function setUp(everyMs: number = OPTIONS.tickMs) {
  const register = new IncidentRegister({ ids: sequentialIds(0) }, OPTIONS)
  const quarantines = new QuarantineBook(OPTIONS)
  let now = 0
  const round = (roots: readonly DetectedRoot[], snapshot: MeshSnapshot = used): readonly Incident[] => {
    now += everyMs
    return register.update(roots, { snapshot, pendingDead: [], unsettled: 0 }, quarantines, now)
  }
  const rounds = (count: number, roots: readonly DetectedRoot[], snapshot?: MeshSnapshot) =>
    Array.from({ length: count }, () => round(roots, snapshot)).flat()
  /** Opens the root's incident and closes it with the outcome. */
  const closed = (root: DetectedRoot, outcome: Outcome) => {
    const [incident] = round([root])
    if (!incident) throw new Error('not opened')
    register.close(incident.id, outcome)
    return incident
  }
  return { register, quarantines, round, rounds, closed }
}

describe('an incident persists', () => {
  test.each([200, 5000])('while every round sees it, with %i ms between two', (everyMs) => {
    const { register, round } = setUp(everyMs)
    const [incident] = round([daemon])
    if (!incident) throw new Error('not opened')
    for (let count = 0; count < 10; count += 1) {
      round([daemon])
      expect(register.latest(incident)).toMatchObject({ id: incident.id })
    }
    round([])
    expect(register.latest(incident)).toBeDefined()
    round([])
    expect(register.latest(incident)).toBeUndefined()
  })

  test('with the symptoms of the newest round, and its first onset', () => {
    const { register, round } = setUp()
    const [incident] = round([noRoute('a', ['a>b'])])
    if (!incident) throw new Error('not opened')
    round([{ ...noRoute('a', ['a>c']), onset: 77 }])
    expect(register.latest(incident)).toMatchObject({
      onset: 0,
      root: { symptom: { pairs: [{ from: 'a', to: 'c' }] } },
    })
  })
})

describe('a closed incident whose symptoms last', () => {
  test.each<Outcome>(['healed', 'recovered'])('is opened anew a window later when it was %s', (outcome) => {
    const { rounds, closed } = setUp()
    const first = closed(daemon, outcome)
    expect(rounds(WINDOW, [daemon])).toEqual([])
    const [again, ...more] = rounds(WINDOW, [daemon])
    expect(more).toEqual([])
    expect(again?.id).not.toBe(first.id)
    expect(again?.repairs).toBe(outcome === 'healed' ? 1 : 0)
  })

  test.each<Outcome>(['escalated', 'advised', 'observed'])('stays closed when it was %s', (outcome) => {
    const { rounds, closed } = setUp()
    closed(daemon, outcome)
    expect(rounds(5 * WINDOW, [daemon])).toEqual([])
  })

  test('counts its repairs', () => {
    const { register, rounds, closed } = setUp()
    closed(daemon, 'healed')
    const counts = [1, 2, 3].map(() => {
      const [again] = rounds(WINDOW + 1, [daemon])
      if (again) register.close(again.id, 'healed')
      return again?.repairs
    })
    expect(counts).toEqual([1, 2, 3])
  })

  test('is nobody’s trouble while traffic is kept off it', () => {
    const { quarantines, rounds, closed } = setUp()
    const { id: incident, root } = closed(link, 'healed')
    quarantines.add({ key: root.key, incident, link: linkId('a-b'), node: undefined, since: 0, undo: [] })
    expect(rounds(5 * WINDOW, [link])).toEqual([])
  })

  test('is nobody’s trouble where the routing has left a link by itself, until traffic is back on it', () => {
    const { rounds, closed } = setUp()
    closed(link, 'recovered')
    expect(rounds(5 * WINDOW, [link], left)).toEqual([])
    expect(rounds(1, [link], used)).toHaveLength(1)
  })

  test('is forgotten when they have been away for a window: then it is new', () => {
    const { rounds, closed } = setUp()
    closed(daemon, 'escalated')
    rounds(WINDOW + 1, [])
    const [again] = rounds(1, [daemon])
    expect(again?.repairs).toBe(0)
  })
})

describe('missing routes', () => {
  test('that are in work are not opened again under the name of another node', () => {
    const { round } = setUp()
    expect(round([noRoute('a', ['a>b', 'c>b'])])).toHaveLength(1)
    expect(round([noRoute('b', ['a>b'])])).toEqual([])
    expect(round([noRoute('b', ['a>b', 'b>c'])])).toHaveLength(1)
  })
})
