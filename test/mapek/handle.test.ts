// The rule: what did not help is tried once more with fresh eyes, when other repairs have had time; after that, and
// when it keeps coming back, a person is told.
import { describe, expect, test } from 'vitest'
import { incidentId, nodeId, sequentialIds, VirtualClock } from '../../src/core/index.ts'
import type { HealEvent } from '../../src/mapek/events.ts'
import { HealthBook } from '../../src/mapek/health/health-book.ts'
import { handleIncident } from '../../src/mapek/incident/handle.ts'
import type { Incident } from '../../src/mapek/incident/incident.ts'
import { DEFAULT_MAPEK_OPTIONS } from '../../src/mapek/options.ts'
import type { Controller, MapekComponents } from '../../src/mapek/ports.ts'
import { QuarantineBook } from '../../src/mapek/remedy/quarantine.ts'
import { known, type MeshAction, type ProbeRequest, unknown } from '../../src/mesh/index.ts'
import { meshOf } from './mesh.ts'
import { oneAgent } from './workforce.ts'

const OPTIONS = { ...DEFAULT_MAPEK_OPTIONS, mode: 'heal' } as const
const never = new AbortController().signal
const mesh = meshOf('a-b b-c c-a')
const node = nodeId('b')
const pairs = [{ from: nodeId('a'), to: nodeId('c') }]

const symptom = { kind: 'transit-loss', key: 'transit:b', node, onset: 0, lossRate: 1, pairs } as const
const incident: Incident = {
  ...{ id: incidentId('incident-1'), openedAt: 0, onset: 0, repairs: 0, symptoms: [symptom] },
  root: { kind: 'transit', key: symptom.key, symptom },
}

/**
 * A mesh whose node b forwards nothing because forwarding is off. Switching it on helps from the given application on;
 * `lasts` says whether the symptoms are there when the second pass looks. With `gainAt` forwarding is on, and the twin
 * sees a gain in draining the node from that question on.
 */
async function handled({
  helpsAt,
  lasts = true,
  repairs = 0,
  gainAt,
}: {
  helpsAt: number
  lasts?: boolean
  repairs?: number
  gainAt?: number
}) {
  const clock = new VirtualClock()
  const events: HealEvent[] = []
  const applied: MeshAction[] = []
  const results = (requests: readonly ProbeRequest[]) =>
    requests.map((request) => ({
      ...{ request, source: 'simulated', sent: request.count, delayMs: unknown('not measured') },
      received: applied.length >= helpsAt ? request.count : 0,
    }))
  const change = (action: MeshAction, state: string) => ({ action, state })
  const controller = {
    apply: async (_agent: unknown, action: MeshAction) => {
      applied.push(action)
      return change(action, 'pending')
    },
    confirm: async () => undefined,
    rollback: async () => undefined,
    hasten: async () => undefined,
  } as unknown as Controller
  const facts = { node, at: 0, daemon: known('running', 'simulated', 0), interfaces: [] }
  const eyes = {
    snapshot: async () => mesh,
    inspect: async () => ({
      ...facts,
      forwarding: known(gainAt !== undefined, 'simulated', 0),
      addresses: unknown('not asked'),
    }),
    probe: async (requests: readonly ProbeRequest[]) => results(requests),
  } as unknown as MapekComponents['eyes']
  let questions = 0
  const twin: MapekComponents['twin'] = {
    predict: async ({ actions }) => {
      questions += 1
      const gains = gainAt === undefined ? actions[0]?.kind === 'set-forwarding' : questions >= gainAt
      return { deliveredBefore: 0, deliveredAfter: gains ? 1 : 0, healedAfterMs: 0 }
    },
  }
  const record = (event: HealEvent) => void events.push(event)
  const parts = { eyes, controller, workforce: oneAgent, twin, clock, ids: sequentialIds(0), record }
  let looks = 0
  const context = {
    book: new HealthBook(OPTIONS),
    quarantines: new QuarantineBook(OPTIONS),
    options: OPTIONS,
    latest: (one: Incident) => (++looks === 1 || lasts ? one : undefined),
  }
  const outcome = await clock.runUntil(handleIncident(parts, { ...incident, repairs }, context, never))
  const undone = events.filter(({ kind }) => kind === 'rolled-back').length
  return { ...outcome, tries: applied.length, undone }
}

describe('a remedy', () => {
  test('that helps is tried once', async () => {
    expect(await handled({ helpsAt: 1 })).toMatchObject({ outcome: 'healed', tries: 1, undone: 0 })
  })

  test('that did not help is undone, and tried once more', async () => {
    expect(await handled({ helpsAt: 2 })).toMatchObject({ outcome: 'healed', tries: 2, undone: 1 })
  })

  test('that did not help twice is not tried a third time', async () => {
    const end = await handled({ helpsAt: 3 })
    expect(end).toMatchObject({ outcome: 'escalated', tries: 2, undone: 2 })
    expect(end.text.match(/switch forwarding on/g)).toHaveLength(2)
  })

  test('is not tried again when the symptoms have gone meanwhile', async () => {
    expect(await handled({ helpsAt: 2, lasts: false })).toMatchObject({ outcome: 'recovered', tries: 1 })
  })
})

describe('a plan in which the twin sees no gain', () => {
  test('is made once more: the way around may be there by then', async () => {
    expect(await handled({ helpsAt: 9, gainAt: 1 })).toMatchObject({ outcome: 'escalated', tries: 2 })
    expect(await handled({ helpsAt: 9, gainAt: 2 })).toMatchObject({ outcome: 'escalated', tries: 1 })
  })

  test('is left to a person after that', async () => {
    expect(await handled({ helpsAt: 9, gainAt: 3 })).toMatchObject({ outcome: 'escalated', tries: 0 })
  })
})

test('what was repaired twice and is there again is left to a person', async () => {
  expect(await handled({ helpsAt: 1, repairs: 1 })).toMatchObject({ outcome: 'healed' })
  expect(await handled({ helpsAt: 1, repairs: 2 })).toMatchObject({ outcome: 'escalated', tries: 0 })
})
