// The rule: a decision is in the audit log before the node is touched; where the log cannot be written, nothing is.
import { expect, test } from 'vitest'
import { runTrial } from '../../lab/drill/trial.ts'
import { communityTopology, simField } from '../../lab/sim/index.ts'
import { meshSwarmError, seededRandom, sequentialIds, VirtualClock } from '../../src/core/index.ts'
import { type HealEvent, HealingSession, type StampedHealEvent } from '../../src/mapek/index.ts'
import { SimDriver, SimMesh, SimTwin } from '../../src/mesh/index.ts'
import type { AuditEntry, AuditRecord } from '../../src/security/index.ts'
import { MemoryJournal } from '../../src/store/index.ts'

/** A cut link on a small mesh, and what came of it. */
async function cutLink(append: (entry: AuditEntry) => Promise<void>) {
  const clock = new VirtualClock({ startAt: Date.UTC(2026, 0, 1) })
  const random = seededRandom(7)
  const topology = communityTopology(random.fork('community'), { nodes: 20 })
  const mesh = new SimMesh({ random }, { topology, converged: true, startAt: clock.now() })
  const driver = new SimDriver({ mesh, clock })
  const events: StampedHealEvent[] = []
  const journal = new MemoryJournal<HealEvent>({ clock })
  const stop = new AbortController()
  const audit = {
    append: async (entry: AuditEntry): Promise<AuditRecord> => {
      await append(entry)
      return { seq: 0, at: clock.now(), entry }
    },
  }
  const parts = { driver, clock, ids: sequentialIds(), twin: new SimTwin(), journal, audit }
  const onEvent = (event: StampedHealEvent) => void events.push(event)
  return clock.runUntil(
    (async () => {
      const session = await HealingSession.open({ ...parts, onEvent }, { mode: 'heal' }, stop.signal)
      const running = session.run(stop.signal)
      await clock.sleep(3000)
      const watch = { limitMs: 10_000, afterMs: 2000 }
      const own = { random: random.fork('fault'), events: () => events }
      await runTrial(simField(mesh, clock), { fault: 'silent-cut' }, own, watch, stop.signal)
      stop.abort()
      await running
      const changes = await driver.changes(new AbortController().signal)
      await driver.close()
      return { changes, events }
    })(),
  )
}

test('each decision is in the log, and in the journal after it', async () => {
  const entries: AuditEntry[] = []
  const { changes, events } = await cutLink(async (entry) => void entries.push(entry))
  const decisions = events.filter((event) => event.kind === 'decision')
  expect(changes.length).toBeGreaterThan(0)
  expect(entries.length).toBe(decisions.length)
  for (const { id } of changes)
    expect(entries).toContainEqual(expect.objectContaining({ change: id, operation: 'apply', allowed: true }))
})

test('where the log cannot be written no node is touched', async () => {
  const { changes, events } = await cutLink(async () => {
    throw meshSwarmError('UNAVAILABLE', 'The disk is full.')
  })
  expect(changes).toEqual([])
  expect(events.map(({ kind }) => kind)).not.toContain('decision')
  expect(events.map(({ kind }) => kind)).toContain('action-failed')
})
