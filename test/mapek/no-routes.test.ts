// The rule: pairs that had a route and have none for long, though links that pass packets join them, are a symptom of
// the node that most of them have in common; anything else that takes a route away is not.
import { describe, expect, test } from 'vitest'
import { linkId, nodeId } from '../../src/core/index.ts'
import { RouteWatch } from '../../src/mapek/detect/no-routes.ts'
import { HealthBook } from '../../src/mapek/health/health-book.ts'
import { DEFAULT_MAPEK_OPTIONS } from '../../src/mapek/options.ts'
import { buildSnapshot, type DaemonState, known } from '../../src/mesh/index.ts'
import { meshOf } from './mesh.ts'

const OPTIONS = DEFAULT_MAPEK_OPTIONS
const { tickMs, noRouteMs, unsettledMs, deadTicks } = OPTIONS
const START = 1_000_000

/** Each is joined to the others in two ways. */
const LINKS = 'a-b b-c c-d d-a'

interface State {
  /** Nodes that nothing may be sent through. */
  readonly drained?: readonly string[]
  /** Next hops by pair `a>c`, where it is not the far end itself. */
  readonly via?: Readonly<Record<string, string>>
  /** Pairs without a route, as `a>c`; `a>*` and `*>c` stand for all of them. */
  readonly missing?: readonly string[]
  readonly links?: string
  readonly down?: readonly string[]
  readonly strangers?: readonly string[]
  readonly daemons?: Readonly<Record<string, DaemonState>>
}

function snapshotOf(
  { missing = [], via = {}, links = LINKS, down = [], strangers = [], daemons = {} }: State,
  at: number,
) {
  const plain = meshOf(links)
  return buildSnapshot({
    takenAt: at,
    source: 'simulated',
    nodes: [...plain.nodes.values()].map(({ id }) => ({
      ...{ id, managed: !strangers.includes(id) },
      daemon: known(daemons[id] ?? 'running', 'simulated', at),
    })),
    links: [...plain.links.values()].map(({ id, a, b }) => ({
      ...{ id, a: { node: a.node, iface: a.iface }, b: { node: b.node, iface: b.iface } },
      up: known(!down.includes(id), 'simulated', at),
    })),
    routes: {
      nextHop: (from, to) =>
        [`${from}>${to}`, `${from}>*`, `*>${to}`].some((pair) => missing.includes(pair))
          ? undefined
          : nodeId(via[`${from}>${to}`] ?? to),
      path: () => undefined,
      originatorsOf: () => new Map(),
    },
  })
}

/** A watch whose rounds come every `tickMs`. */
function setUp() {
  const book = new HealthBook(OPTIONS)
  const watch = new RouteWatch()
  let now = START
  const round = (state: State, at: number) => {
    now = at
    const snapshot = snapshotOf(state, now)
    book.observe(snapshot, now)
    return watch.detect(snapshot, book, OPTIONS, now, new Set(state.drained?.map((id) => nodeId(id))))
  }
  /** Whatever was said within `ms` of such rounds, the last of them at the end. */
  const during = (state: State, ms: number) => {
    const said = []
    for (const end = now + ms; now < end; ) said.push(...round(state, Math.min(end, now + tickMs)))
    return said
  }
  return {
    book,
    during,
    now: () => now,
    next: (state: State) => round(state, now + tickMs),
    unsettled: (forMs = unsettledMs) => watch.unsettled(forMs, now),
    /** Rounds in which all is well. */
    settle: (state: State = {}) => during(state, 2 * noRouteMs),
    /** The link passes no packet any more from this end. */
    kill: (link: string, from: string, to: string) => {
      const direction = book.direction(linkId(link), nodeId(from), nodeId(to))
      for (let tick = 0; tick < deadTicks; tick += 1) {
        direction.add('small', { sent: 1, lost: 1, delayMs: undefined, at: now }, OPTIONS)
      }
    },
  }
}

const pairsOf = (symptom: { pairs: readonly { from: string; to: string }[] } | undefined) =>
  symptom?.pairs.map(({ from, to }) => `${from}>${to}`).sort()

describe('who is blamed', () => {
  test('is the node that most of the missing pairs share, with all of them and the time of the first', () => {
    const watch = setUp()
    expect(watch.settle()).toEqual([])
    watch.next({ missing: ['a>c'] })
    const onset = watch.now()
    const said = watch.during({ missing: ['*>c', 'c>d', 'a>b'] }, 2 * noRouteMs)
    const last = said.at(-1)
    expect(last).toMatchObject({ kind: 'no-route', key: 'no-route:c', node: 'c', onset })
    expect(pairsOf(last)).toEqual(['a>b', 'a>c', 'b>c', 'c>d', 'd>c'])
  })

  test('is one at a time, and among equals the one that was blamed before', () => {
    const watch = setUp()
    watch.settle()
    watch.during({ missing: ['b>*'] }, noRouteMs + tickMs)
    expect(watch.next({ missing: ['b>*'] }).map(({ node }) => node)).toEqual(['b'])
    // Now a, which comes before b by name, misses as many as b.
    const both = { missing: ['b>c', 'a>d'] }
    const said = watch.during(both, 2 * noRouteMs)
    expect(new Set(said.map(({ node }) => node))).toEqual(new Set(['b']))
    // Somebody new, without a past, begins with the first by name.
    const other = setUp()
    other.settle()
    expect(other.during(both, 2 * noRouteMs).at(-1)?.node).toBe('a')
  })
})

describe('a missing route', () => {
  const missing = ['a>c']

  test('is no symptom before noRouteMs, and then it is one until it is back', () => {
    const watch = setUp()
    watch.settle()
    watch.next({ missing })
    expect(watch.during({ missing }, noRouteMs - tickMs)).toEqual([])
    expect(watch.during({ missing }, tickMs)).toHaveLength(1)
    expect(watch.next({ missing })).toHaveLength(1)
    expect(watch.next({})).toEqual([])
  })

  test('that came back in between counts from its new loss', () => {
    const watch = setUp()
    watch.settle()
    watch.during({ missing }, noRouteMs - tickMs)
    watch.next({})
    expect(watch.during({ missing }, noRouteMs)).toEqual([])
    expect(watch.during({ missing }, tickMs)).toHaveLength(1)
  })

  test('of a pair that never had one is no symptom', () => {
    const watch = setUp()
    expect(watch.during({ missing }, 4 * noRouteMs)).toEqual([])
    expect(watch.unsettled()).toBe(0)
    watch.next({})
    expect(watch.during({ missing }, 2 * noRouteMs)).not.toEqual([])
  })

  test('of a pair that was in a mesh of other nodes before is no symptom', () => {
    const watch = setUp()
    watch.settle()
    const links = `${LINKS} d-e`
    expect(watch.during({ missing, links }, 4 * noRouteMs)).toEqual([])
  })

  test('to a node that is not managed is no symptom', () => {
    const watch = setUp()
    watch.settle({ strangers: ['c'] })
    expect(watch.during({ missing, strangers: ['c'] }, 4 * noRouteMs)).toEqual([])
  })

  test('is found in a mesh of more pairs than one round looks at', () => {
    const links = Array.from({ length: 400 }, (_, i) => `n${i}-n${(i + 1) % 400}`).join(' ')
    const watch = setUp()
    for (let round = 0; round < 5; round += 1) watch.during({ links }, noRouteMs / 2)
    const said = watch.during({ links, missing: ['n399>n0', 'n0>n399'] }, noRouteMs + 8 * tickMs)
    expect(pairsOf(said.at(-1))).toEqual(['n0>n399', 'n399>n0'])
  })
})

describe('a route through a drained node', () => {
  const state = { drained: ['b'], via: { 'a>c': 'b' } }

  test('is as good as none where there is another way', () => {
    const watch = setUp()
    watch.settle()
    expect(pairsOf(watch.during(state, 2 * noRouteMs).at(-1))).toEqual(['a>c'])
    expect(watch.next({ ...state, via: { 'a>c': 'd' } })).toEqual([])
  })

  test('is right where only that node joins the two', () => {
    const watch = setUp()
    watch.settle({ links: 'a-b b-c' })
    expect(watch.during({ ...state, links: 'a-b b-c' }, 4 * noRouteMs)).toEqual([])
  })

  test('is right to that node itself', () => {
    const watch = setUp()
    watch.settle()
    expect(watch.during({ drained: ['b'] }, 4 * noRouteMs)).toEqual([])
  })
})

describe('a pair that no passing link joins has no route by right', () => {
  const missing = ['c>*', '*>c']

  test.each<readonly [string, State]>([
    ['its links are down', { down: ['b-c', 'c-d'] }],
    ['nobody on the way has a running daemon', { daemons: { b: 'dead', d: 'stopped' } }],
    ['its own daemon is dead', { daemons: { c: 'dead' } }],
  ])('%s', (_, state) => {
    const watch = setUp()
    watch.settle()
    expect(watch.during({ missing, ...state }, 4 * noRouteMs)).toEqual([])
    expect(watch.unsettled()).toBe(0)
  })

  test('its links pass nothing, if only in one direction', () => {
    const watch = setUp()
    watch.settle()
    watch.kill('b-c', 'b', 'c')
    watch.kill('c-d', 'c', 'd')
    expect(watch.during({ missing }, 4 * noRouteMs)).toEqual([])
  })

  test('but one link that passes is enough, over however many nodes', () => {
    const watch = setUp()
    watch.settle()
    watch.kill('b-c', 'b', 'c')
    const said = watch.during({ missing: ['b>c', 'c>b'] }, 2 * noRouteMs)
    expect(pairsOf(said.at(-1))).toEqual(['b>c', 'c>b'])
  })

  test('and when a link joins it again its time begins anew', () => {
    const watch = setUp()
    watch.settle()
    watch.during({ missing, down: ['b-c', 'c-d'] }, 2 * noRouteMs)
    expect(watch.during({ missing }, noRouteMs)).toEqual([])
    expect(watch.during({ missing }, tickMs)).toHaveLength(1)
  })
})

test('unsettled counts the pairs that miss their route for so long', () => {
  const watch = setUp()
  watch.next({})
  expect(watch.unsettled(0)).toBe(0)
  watch.next({ missing: ['a>c'] })
  watch.next({ missing: ['a>c', 'b>c', 'c>b'] })
  expect([0, tickMs, 2 * tickMs].map(watch.unsettled)).toEqual([3, 1, 0])
  watch.next({ missing: ['a>c', 'b>c'] })
  expect([0, tickMs, 2 * tickMs, 3 * tickMs].map(watch.unsettled)).toEqual([2, 2, 1, 0])
  watch.next({})
  expect(watch.unsettled(0)).toBe(0)
})
