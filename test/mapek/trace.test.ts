// The rule: an incident is one trace, from the evidence to its end; what watches the mesh is in none.
import { afterEach, expect, test } from 'vitest'
import { supervise } from '../../lab/drill/supervise.ts'
import { runTrial } from '../../lab/drill/trial.ts'
import { communityTopology, simField } from '../../lab/sim/index.ts'
import { seededRandom, VirtualClock } from '../../src/core/index.ts'
import { SimDriver, SimMesh, SimTwin } from '../../src/mesh/index.ts'
import { recordSpans, stopRecording } from '../telemetry/spans.ts'

afterEach(stopRecording)

test('the plan of an incident, and what its agents did, are parts of it', async () => {
  const recorded = recordSpans()
  const clock = new VirtualClock({ startAt: Date.UTC(2026, 0, 1) })
  const random = seededRandom(1)
  const topology = communityTopology(random.fork('community'), { nodes: 20 })
  const mesh = new SimMesh({ random }, { topology, converged: true, startAt: clock.now() })
  const field = simField(mesh, clock)
  const driver = new SimDriver({ mesh, clock })
  const drill = async () => {
    const swarm = await supervise({ driver, clock, twin: new SimTwin() }, { mode: 'heal' })
    await clock.sleep(3000)
    const watch = { limitMs: 25_000, afterMs: 4000 }
    const parts = { random: random.fork('fault'), events: () => swarm.events }
    await runTrial(field, { fault: 'black-hole' }, parts, watch, new AbortController().signal)
    await swarm.stop()
    await driver.close()
  }
  await clock.runUntil(drill())
  const tree = recorded.tree()
  const roots = tree.filter((line) => !line.startsWith(' '))
  expect(roots.length).toBeGreaterThan(0)
  expect(roots.every((line) => line.startsWith('invoke_workflow heal '))).toBe(true)
  expect(tree).toContain('  invoke_agent analyst')
  expect(tree[tree.indexOf('  plan') + 1]).toBe('    invoke_agent planner')
  expect(tree).toContain('  invoke_agent executor')
})
